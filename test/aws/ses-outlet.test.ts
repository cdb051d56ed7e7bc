/** Amazon SES, played by an HTTP server: the real client, the requests it sends, and how each reply is classified. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { SESClient } from '@aws-sdk/client-ses';
import { RawSesOutlet } from '../../functions/aws/ses-outlet.ts';
import type { OutgoingMail } from '../../functions/report/ports.ts';
import { type ReportSubject, subjectOf } from '../../functions/report/subject.ts';
import { type HttpStub, startHttpStub } from '../support/http-stub.ts';
import { bounced, delayed } from '../support/report-events.ts';
import { TestClock } from '../support/test-clock.ts';

type Answer = { readonly status: number; readonly body: string };

const ok = (action: string): Answer => ({
  status: 200,
  body: `<${action}Response xmlns="http://ses.amazonaws.com/doc/2010-12-01/"><${action}Result><MessageId>m1</MessageId></${action}Result></${action}Response>`,
});
const refusal = (status: number, code: string): Answer => ({
  status,
  body: `<ErrorResponse xmlns="http://ses.amazonaws.com/doc/2010-12-01/"><Error><Type>Sender</Type><Code>${code}</Code><Message>no</Message></Error></ErrorResponse>`,
});

let stub: HttpStub;
let client: SESClient;
let requests: URLSearchParams[];
let answer: (action: string) => Answer;
const clock = new TestClock(Date.UTC(2026, 10, 22, 9));

beforeEach(async () => {
  requests = [];
  answer = ok;
  stub = await startHttpStub((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const form = new URLSearchParams(Buffer.concat(chunks).toString());
      requests.push(form);
      const { status, body } = answer(form.get('Action') ?? '');
      response.writeHead(status, { 'Content-Type': 'text/xml' }).end(body);
    });
  });
  client = new SESClient({
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    endpoint: stub.url,
    maxAttempts: 1,
  });
});
afterEach(async () => {
  client.destroy();
  await stub[Symbol.asyncDispose]();
});

const outlet = () => new RawSesOutlet(() => client, { author: 'bounce@example.net' }, clock);
const parcel = (given: Partial<OutgoingMail> = {}): OutgoingMail => ({
  reportId: 'r1',
  envelopeSender: '',
  recipient: 'zoe@elsewhere.example',
  date: 0,
  content: Buffer.from('Subject: x\r\n\r\n\u00e9\r\n'),
  isInternational: false,
  is8Bit: true,
  ...given,
});
const failure = (given: Partial<ReportSubject> = {}): ReportSubject => ({
  ...subjectOf(bounced({ recipients: ['bob@example.com', 'carol@example.com'] })),
  sesMessageId: 'ses-4711',
  ...given,
});

test('a report is sent raw, octet for octet, from the verified address to the sender alone', async () => {
  await outlet().send(parcel());
  const [form, ...others] = requests;
  assert.deepEqual(others, []);
  assert.equal(form?.get('Action'), 'SendRawEmail');
  assert.equal(form?.get('Source'), 'bounce@example.net');
  assert.equal(form?.get('Destinations.member.1'), 'zoe@elsewhere.example');
  assert.equal(form?.get('Destinations.member.2'), null);
  assert.ok(Buffer.from(form?.get('RawMessage.Data') ?? '', 'base64').equals(parcel().content));
});

test('a domain in another script is written in ASCII, an odd local-part quoted', async () => {
  await outlet().send(parcel({ recipient: 'a b@b\u00fccher.example' }));
  assert.equal(requests[0]?.get('Destinations.member.1'), '"a b"@xn--bcher-kva.example');
});

describe('a refusal by SES is thrown: the event stays in its queue', () => {
  for (const [status, code] of [
    [400, 'MessageRejected'],
    [400, 'MailFromDomainNotVerifiedException'],
    [403, 'AccessDenied'],
    [400, 'Throttling'],
    [500, 'InternalFailure'],
  ] as const) {
    test(code, async () => {
      answer = () => refusal(status, code);
      await assert.rejects(outlet().send(parcel()), { name: new RegExp(code) });
    });
  }
});

describe('a mail that SES received less than a day ago', () => {
  test('is bounced by SES itself, with the outcome of each recipient', async () => {
    const subject = failure();
    assert.equal(await outlet().bounce(subject, subject.recipients), true);
    const [form, ...others] = requests;
    assert.deepEqual(others, []);
    const fields = Object.fromEntries(form ?? []);
    assert.partialDeepStrictEqual(fields, {
      Action: 'SendBounce',
      OriginalMessageId: 'ses-4711',
      BounceSender: 'bounce@example.net',
      'MessageDsn.ReportingMta': 'dns; mail.example.org',
      'BouncedRecipientInfoList.member.1.Recipient': 'bob@example.com',
      'BouncedRecipientInfoList.member.1.RecipientDsnFields.Action': 'failed',
      'BouncedRecipientInfoList.member.1.RecipientDsnFields.Status': '5.1.1',
      'BouncedRecipientInfoList.member.1.RecipientDsnFields.RemoteMta': 'dns; store.example',
      'BouncedRecipientInfoList.member.2.Recipient': 'carol@example.com',
    });
    assert.match(
      fields['BouncedRecipientInfoList.member.1.RecipientDsnFields.DiagnosticCode'] ?? '',
      /^smtp; host store/,
    );
  });

  for (const [what, subject] of [
    ['is older', failure({ arrival: clock.wall - 23 * 3_600_000 - 1 })],
    ['is only late', { ...subjectOf(delayed()), sesMessageId: 'ses-4711' }],
    [
      'may have been delivered to a recipient, which SES cannot say',
      { ...subjectOf(bounced({ said: { inDoubt: true } })), sesMessageId: 's' },
    ],
    ['was not received by SES', subjectOf(bounced())],
    [
      'has an address that SES cannot write',
      { ...subjectOf(bounced({ recipients: ['j\u00f6@x'] })), sesMessageId: 's' },
    ],
  ] as const) {
    test(`is not bounced by SES if it ${what}: SES is not called`, async () => {
      assert.equal(await outlet().bounce(subject, subject.recipients), false);
      assert.deepEqual(requests, []);
    });
  }

  for (const code of ['InvalidParameterValue', 'MessageRejected']) {
    test(`is answered by a report of ours if SES refuses the bounce (${code})`, async () => {
      answer = () => refusal(400, code);
      assert.equal(await outlet().bounce(failure(), failure().recipients), false);
    });
  }
  for (const [status, code] of [
    [400, 'Throttling'],
    [503, 'ServiceUnavailable'],
  ] as const) {
    test(`is retried later if SES asks for it (${code})`, async () => {
      answer = () => refusal(status, code);
      await assert.rejects(outlet().bounce(failure(), failure().recipients), { name: new RegExp(code) });
    });
  }
});
