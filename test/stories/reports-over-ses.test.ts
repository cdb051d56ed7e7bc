/** Reports to senders elsewhere, over Amazon SES: the whole stack, and an HTTP server in the place of SES. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sesNotification } from '../support/front-door-messages.ts';
import { type HttpStub, startHttpStub } from '../support/http-stub.ts';
import { type LocalStack, startLocalStack } from '../support/local-stack.ts';
import { readReport } from '../support/read-report.ts';
import { patience, smallMessage, submitMail } from '../support/story.ts';
import { waitUntil } from '../support/wait-until.ts';

let ses: HttpStub;
let stack: LocalStack;
const requests: URLSearchParams[] = [];
let refusals = 0;

before(async () => {
  ses = await startHttpStub((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const form = new URLSearchParams(Buffer.concat(chunks).toString());
      const action = form.get('Action') ?? '';
      if (refusals > 0) {
        refusals -= 1;
        const error = '<Error><Type>Sender</Type><Code>MessageRejected</Code><Message>not verified</Message></Error>';
        response.writeHead(400).end(`<ErrorResponse>${error}</ErrorResponse>`);
        return;
      }
      requests.push(form);
      const result = `<${action}Result><MessageId>m</MessageId></${action}Result>`;
      response.end(`<${action}Response xmlns="http://ses.amazonaws.com/doc/2010-12-01/">${result}</${action}Response>`);
    });
  });
  stack = await startLocalStack({
    environment: { AWS_ENDPOINT_URL_SES: ses.url },
    parameters: {
      myhostname: 'mail.example.com',
      bounce_report_routes: 'incoming, ses',
      bounce_report_ses_sender: 'bounce@example.com',
      bounce_report_requires_spf: 'yes',
    },
    visibilityTimeouts: { bounce: 1 },
    mailStore: {
      verdict: (recipient) =>
        recipient.startsWith('unknown') ? { at: 'RCPT', code: 550, text: '5.1.1 User unknown' } : undefined,
    },
  });
});
after(async () => {
  await stack?.close();
  await ses?.[Symbol.asyncDispose]();
});

const pass = { authentication: { spf: 'PASS' } };

async function asked(count: number): Promise<URLSearchParams> {
  await waitUntil(`${count} requests to SES`, () => requests.length >= count, patience);
  return requests.at(-1) ?? assert.fail();
}

test('a sender elsewhere gets a report from the verified address, after one refusal of SES', async () => {
  refusals = 1;
  await submitMail(stack, { id: 'elsewhere', recipients: ['unknown@example.com'], ...pass });
  const form = await asked(1);
  assert.equal(form.get('Action'), 'SendRawEmail');
  assert.equal(form.get('Source'), 'bounce@example.com');
  assert.equal(form.get('Destinations.member.1'), 'alice@example.org');
  const report = await readReport(Buffer.from(form.get('RawMessage.Data') ?? '', 'base64'));
  assert.equal(report.email.from?.address, 'bounce@example.com');
  assert.equal(report.header['auto-submitted'], 'auto-replied');
  assert.equal(report.message['x-postfix-queue-id'], 'elsewhere');
});

test('a mail that SES received is bounced by SES', async () => {
  const messageId = 'o3vrnil0e2ic28trm7dfhrc2v0clambda4nbp0g1';
  await stack.putMessage(`ses/${messageId}`, smallMessage);
  const timestamp = new Date(Date.now() - 1000).toISOString();
  await stack.submit(sesNotification({ messageId, recipients: ['unknown@example.com'], timestamp }));
  const form = await asked(2);
  assert.equal(form.get('Action'), 'SendBounce');
  assert.equal(form.get('OriginalMessageId'), messageId);
  assert.equal(form.get('BouncedRecipientInfoList.member.1.Recipient'), 'unknown@example.com');
});

test('a sender without SPF pass gets no report', async () => {
  await submitMail(stack, { id: 'forged', recipients: ['unknown@example.com'], authentication: { spf: 'FAIL' } });
  await stack.log.waitUntil(
    (lines) => lines.some(({ line }) => /"SPF did not pass/.test(line) && line.includes('forged')),
    20_000,
  );
  await submitMail(stack, { id: 'honest', recipients: ['unknown@example.com'], ...pass });
  const form = await asked(3);
  const report = await readReport(Buffer.from(form.get('RawMessage.Data') ?? '', 'base64'));
  assert.equal(report.message['x-postfix-queue-id'], 'honest');
  assert.equal(requests.length, 3);
});
