/** Undeliverable mail returns to its sender, through the whole stack. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { PublishCommand } from '@aws-sdk/client-sns';
import { type LocalStack, startLocalStack } from '../support/local-stack.ts';
import { makeNotice } from '../support/notice.ts';
import { type ReadReport, readReport } from '../support/read-report.ts';
import { patience, submitMail } from '../support/story.ts';
import { waitUntil } from '../support/wait-until.ts';

let stack: LocalStack;

before(async () => {
  stack = await startLocalStack({
    parameters: {
      myhostname: 'mail.example.org',
      relay_domains: 'example.org',
      notify_classes: 'bounce, protocol',
      lmtp_destination_recipient_limit: '2',
      bounce_report_wait: '10s',
      minimal_backoff_time: '1s',
      maximal_backoff_time: '1s',
      delay_warning_time: '1s',
    },
    sweepInterval: 500,
    mailStore: {
      verdict: (recipient) => {
        if (recipient.startsWith('busy')) return { at: 'RCPT', code: 450, text: '4.2.0 Mailbox busy' };
        return /^(unknown|alice-gone)/.test(recipient)
          ? { at: 'RCPT', code: 550, text: '5.1.1 User unknown' }
          : undefined;
      },
    },
  });
});
after(() => stack?.close());

async function mailIn(mailbox: string): Promise<readonly Buffer[]> {
  const folder = join(stack.mailStore.maildirOf(mailbox), 'new');
  const names = await readdir(folder).catch(() => []);
  return await Promise.all(names.map((name) => readFile(join(folder, name))));
}

/** The reports in a mailbox that are about a request. */
async function reportsIn(mailbox: string, id: string): Promise<readonly ReadReport[]> {
  const about = (await mailIn(mailbox)).filter((octets) => octets.includes(`X-Postfix-Queue-ID: ${id}\n`));
  // On disk, lines have the ends of Unix.
  return await Promise.all(
    about.map((octets) => readReport(Buffer.from(octets.toString('latin1').replaceAll('\n', '\r\n'), 'latin1'))),
  );
}

async function awaitReport(mailbox: string, id: string): Promise<ReadReport> {
  const reports = await waitUntil(
    `a report on ${id} in ${mailbox}`,
    async () => {
      const found = await reportsIn(mailbox, id);
      return found.length > 0 && found;
    },
    patience,
  );
  assert.equal(reports.length, 1);
  return reports[0] ?? assert.fail();
}

test('after an unknown user the sender has a report in the mailbox, and the postmaster a copy of it', async () => {
  await submitMail(stack, { id: 'unknown', recipients: ['unknown@example.com'] });
  const report = await awaitReport('alice@example.org', 'unknown');
  assert.equal(report.header['return-path'], '<>');
  assert.deepEqual(report.email.from, { name: 'Mail Delivery System', address: 'MAILER-DAEMON@mail.example.org' });
  assert.partialDeepStrictEqual(report.recipients, [
    {
      'final-recipient': 'rfc822; unknown@example.com',
      action: 'failed',
      status: '5.1.1',
      'remote-mta': 'dns; 127.0.0.1',
    },
  ]);
  assert.match(
    report.original,
    /^Return-Path: <alice@example\.org>\r\nFrom: alice@example\.org\r\n.*\r\n\r\nhello\r\n$/s,
  );
  const { message } = await stack.notices.waitFor((notice) => notice.attributes['class'] === 'bounce', 20_000);
  assert.partialDeepStrictEqual(message, { kind: 'notice', class: 'bounce', queueId: 'unknown', count: 1 });
  const copy = await awaitReport('postmaster@mail.example.org', 'unknown');
  assert.equal(copy.header['return-path'], '<double-bounce@mail.example.org>');
  assert.equal(copy.originalType, 'text/rfc822-headers');
});

test('after three of five recipients in three deliveries failed there is one report, without the longest wait', async () => {
  const recipients = ['unknown1@x', 'bob@x', 'unknown2@x', 'carol@x', 'unknown3@x'];
  const begun = Date.now();
  await submitMail(stack, { id: 'chunks', recipients });
  const report = await awaitReport('alice@example.org', 'chunks');
  assert.ok(Date.now() - begun < 9000, 'as soon as all have their events');
  assert.deepEqual(
    report.recipients.map((fields) => fields['final-recipient']).toSorted(),
    ['unknown1@x', 'unknown2@x', 'unknown3@x'].map((each) => `rfc822; ${each}`),
  );
});

test('for delayed mail the sender gets one warning, with the time until when it is tried', async () => {
  await submitMail(stack, { id: 'late', recipients: ['busy@example.com'] });
  const report = await awaitReport('alice@example.org', 'late');
  assert.equal(report.email.subject, 'Delayed mail: it is still being tried');
  assert.partialDeepStrictEqual(report.recipients, [
    { 'final-recipient': 'rfc822; busy@example.com', action: 'delayed', status: '4.2.0' },
  ]);
  const left = Date.parse(report.recipients[0]?.['will-retry-until'] ?? '') - Date.now();
  assert.ok(Math.abs(left - 5 * 86_400_000) < 60_000);
  const attempts = () => stack.deliveries.items.filter(({ id }) => id === 'late').length;
  const now = attempts();
  await waitUntil('two more attempts', () => attempts() >= now + 2, patience);
  assert.equal((await reportsIn('alice@example.org', 'late')).length, 1);
});

test('a report that cannot be delivered is reported to the postmaster, and nothing follows', async () => {
  await submitMail(stack, { id: 'double', sender: 'alice-gone@example.org', recipients: ['unknown@example.com'] });
  const refused = await stack.deliveries.waitFor(({ recipient }) => recipient === 'alice-gone@example.org', 20_000);
  assert.equal(refused.status, 'bounced');
  const about = await awaitReport('postmaster@mail.example.org', refused.id);
  assert.equal(about.message['x-postfix-sender'], undefined);
  assert.match(about.original, /X-Lambda-Lmtp-Report: /);
  assert.equal((await reportsIn('alice-gone@example.org', refused.id)).length, 0);
});

test('a notice on the notice topic becomes mail to the postmaster', async () => {
  const Message = JSON.stringify(makeNotice({ id: 'story', subject: 'a story of its own' }));
  await stack.clients.sns.send(new PublishCommand({ TopicArn: stack.outputs.NoticeTopicArn, Message }));
  await waitUntil(
    'a notice in the mailbox',
    async () => (await mailIn('postmaster@mail.example.org')).some((octets) => octets.includes('a story of its own')),
    patience,
  );
});

test('a message that is not an event of ours stays, and does not affect others', async () => {
  await stack.clients.sns.send(new PublishCommand({ TopicArn: stack.outputs.BounceTopicArn, Message: '{"hello":1}' }));
  await submitMail(stack, { id: 'undisturbed', recipients: ['unknown@example.com'] });
  await awaitReport('alice@example.org', 'undisturbed');
  const { ready, inFlight, delayed } = stack.inspectQueue('bounce');
  assert.ok([...ready, ...inFlight, ...delayed].some(({ body }) => body === '{"hello":1}'));
  assert.ok(stack.log.items.some(({ line }) => line.includes('mail: is missing')));
});
