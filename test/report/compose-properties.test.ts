/** For any content of envelopes and replies, a report is read back completely, and contains nothing unintended. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { composeReport } from '../../functions/report/compose.ts';
import { noticeMail } from '../../functions/report/notice-mail.ts';
import type { ReportRecipient, ReportSubject } from '../../functions/report/subject.ts';
import { has8BitOctets } from '../../functions/smtp/content-encoder.ts';
import { addressFault, isAscii } from '../../functions/smtp/path.ts';
import { checkLines, readReport } from '../support/read-report.ts';

const letterhead = { host: 'mail.example.org', mailName: 'Postfix', author: 'MAILER-DAEMON@mail.example.org' };

/** Text of an attacker. */
const nasty = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc
    .array(
      fc.constantFrom(
        '\r\n',
        '\n',
        '\r',
        '\0',
        '\u2028',
        '\u202e',
        '\ud800',
        'Bcc: eve@evil.example',
        'Subject: =?utf-8?q?x?=',
        '--report-',
        '.',
        ' ',
        '\t',
        'Action: delivered',
        '\u00e9',
        '\u{1f4e7}',
        '"',
        '\\',
        '<',
        '>',
        ',',
        ';',
        '@',
        'x'.repeat(1200),
        '\u00e9'.repeat(600),
      ),
      { maxLength: 12 },
    )
    .map((parts) => parts.join('')),
);

const address = fc
  .tuple(nasty, fc.constantFrom('example.com', 'b\u00fccher.example', '[192.0.2.1]', 'x'))
  .map(([local, domain]) => `${local}@${domain}`)
  .filter((each) => addressFault(each) === undefined);

const recipient: fc.Arbitrary<ReportRecipient> = fc.record(
  {
    address,
    original: nasty,
    orcpt: nasty.map((text) => `rfc822;${text}`),
    remoteMta: nasty,
    action: fc.constantFrom('failed', 'delayed', 'delivered', 'relayed'),
    status: fc.constantFrom('5.1.1', '4.2.2'),
    diagnosticCode: nasty.map((text) => `smtp; ${text}`),
  },
  { requiredKeys: ['address', 'action', 'status', 'diagnosticCode'] },
);

const subject: fc.Arbitrary<ReportSubject> = fc.record({
  kind: fc.constantFrom('bounce', 'delay', 'success'),
  id: fc.constant('4bXq1'),
  destination: fc.constant('inet:store.example:24'),
  sender: address,
  arrival: fc.constant(0),
  reportingMta: nasty,
  recipients: fc.array(recipient, { minLength: 1, maxLength: 4 }),
  message: fc.constant({ bucket: 'messages', key: 'k', etag: '"e"', size: 1 }),
  smtputf8: fc.boolean(),
  envid: nasty,
  authentication: fc.constant({}),
});

const octets = fc.oneof(
  fc.uint8Array({ maxLength: 400 }).map((each) => Buffer.from(each)),
  nasty.map((text) => Buffer.from(text)),
);

test('a report contains the facts about each recipient, whatever they are, and nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(subject, octets, fc.boolean(), fc.boolean(), async (about, whole, isSevenBit, isForPostmaster) => {
      const { content } = await composeReport({
        reportId: 'r1',
        subject: about,
        addressee: {
          role: isForPostmaster ? 'bounce' : 'sender',
          address: about.sender,
          isForPostmaster,
          envelopeSender: '',
          recipients: about.recipients,
          returns: 'full',
        },
        original: { kind: 'read', header: whole.subarray(0, 40), whole },
        date: 0,
        letterhead,
        isSevenBit,
        isThreaded: true,
      });
      // The returned part of the message keeps its lines if they need no encoding; everything before it is
      // ours.
      const returned = content.indexOf('\r\nReturn-Path: ');
      checkLines(isSevenBit || returned < 0 ? content : content.subarray(0, returned));
      if (isSevenBit && isAscii(about.sender)) assert.ok(!has8BitOctets(content));
      const report = await readReport(content, { areLinesForeign: true });
      assert.equal(report.recipients.length, about.recipients.length);
      for (const [n, fields] of report.recipients.entries()) {
        assert.equal(fields['action'], about.recipients[n]?.action);
        assert.equal(fields['status'], about.recipients[n]?.status);
        assert.ok(fields['final-recipient'] && fields['original-recipient'] && fields['diagnostic-code']);
      }
      const known =
        /^(?:received|date|from|to|message-id|auto-submitted|x-lambda-lmtp-report|subject|in-reply-to|references|mime-version|content-type|content-transfer-encoding)$/;
      for (const name of Object.keys(report.header)) assert.match(name, known);
      const parts = content.subarray(content.indexOf('\r\n\r\n'));
      assert.equal(report.header['content-transfer-encoding'], has8BitOctets(parts) ? '8bit' : undefined);
      assert.equal(report.email.to?.length, 1);
    }),
    { numRuns: 500 },
  );
});

test("a notice's mail consists of lines of text, whatever a server said", async () => {
  await fc.assert(
    fc.asyncProperty(nasty, nasty, fc.array(nasty, { maxLength: 5 }), async (line, peer, transcript) => {
      const { content } = await noticeMail({
        reportId: 'n1',
        notice: {
          version: 1,
          kind: 'notice',
          id: 'n',
          class: 'protocol',
          subject: line,
          time: '2026-11-22T09:00:00Z',
          transport: 'lmtp',
          peer,
          transcript,
          count: 3,
        },
        address: 'postmaster@example.org',
        letterhead,
      });
      checkLines(content);
    }),
    { numRuns: 200 },
  );
});
