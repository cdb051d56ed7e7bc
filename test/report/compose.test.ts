/** Reports, read back by an independent parser. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseParameters } from '../../functions/parameters/parameters.ts';
import type { ReportableEvent } from '../../functions/queue/items/event.ts';
import { type AddresseeParameters, addresseesOf } from '../../functions/report/addressees.ts';
import { composeReport, type ReportFacts } from '../../functions/report/compose.ts';
import type { Original } from '../../functions/report/original.ts';
import { subjectOf } from '../../functions/report/subject.ts';
import { readReport } from '../support/read-report.ts';
import { bounced, delayed, only, served } from '../support/report-events.ts';

const letterhead = { host: 'mail.example.org', mailName: 'Postfix', author: 'MAILER-DAEMON@mail.example.org' };
const header = Buffer.from('From: alice@example.org\r\nMessage-ID: <one@example.org>\r\nSubject: lunch\r\n');
const whole = Buffer.concat([header, Buffer.from('\r\nAt noon?\r\n')]);
const original: Original = { kind: 'read', header, whole };

function facts(events: readonly ReportableEvent[], given: Partial<ReportFacts> = {}, values = {}): ReportFacts {
  const subject = subjectOf(events);
  const parameters: AddresseeParameters = parseParameters({ myhostname: 'mail.example.org', ...values });
  const [addressee] = addresseesOf(subject, parameters, false).addressees;
  assert.ok(addressee);
  return {
    reportId: 'r1',
    subject,
    addressee,
    original,
    date: Date.UTC(2026, 10, 22, 9, 30),
    letterhead,
    isSevenBit: false,
    isThreaded: false,
    ...given,
  };
}

async function reportOf(...args: Parameters<typeof facts>) {
  const composed = await composeReport(facts(...args));
  return { composed, ...(await readReport(composed.content)) };
}

test('a failure is reported in three parts: for people, for machines, and the message itself', async () => {
  const report = await reportOf(bounced({ recipients: [{ address: 'bob@example.com', original: 'b@example.com' }] }));
  assert.deepEqual(report.descriptions, ['Notification', 'Delivery report', 'Undelivered Message']);
  assert.match(report.text, /^This is the mail system of mail\.example\.org\.$/m);
  assert.match(report.text, /^<bob@example\.com> \(expanded from <b@example\.com>\): host\n {4}store\.example/m);
  assert.equal(report.statusType, 'message/delivery-status');
  assert.deepEqual(report.message, {
    'reporting-mta': 'dns; mail.example.org',
    'x-postfix-queue-id': '4bXq1',
    'x-postfix-sender': 'rfc822; alice@example.org',
    'arrival-date': 'Sun, 22 Nov 2026 08:00:00 +0000',
  });
  assert.deepEqual(report.recipients, [
    {
      'final-recipient': 'rfc822; bob@example.com',
      'original-recipient': 'rfc822; b@example.com',
      action: 'failed',
      status: '5.1.1',
      'remote-mta': 'dns; store.example',
      'diagnostic-code':
        'smtp; host store.example[10.0.0.7] said: 550 5.1.1 No such user (in reply to RCPT TO command)',
    },
  ]);
  assert.equal(report.originalType, 'message/rfc822');
  assert.equal(report.original, `Return-Path: <alice@example.org>\r\n${whole}`);
});

test('it has the header fields of automatic mail, and needs no reply', async () => {
  const { header: fields, email } = await reportOf(bounced());
  assert.deepEqual(email.from, { name: 'Mail Delivery System', address: 'MAILER-DAEMON@mail.example.org' });
  assert.deepEqual(email.to, [{ name: '', address: 'alice@example.org' }]);
  assert.equal(email.subject, 'Undelivered mail: it did not reach all recipients');
  assert.equal(fields['auto-submitted'], 'auto-replied');
  assert.equal(fields['message-id'], '<r1@mail.example.org>');
  assert.equal(fields['date'], 'Sun, 22 Nov 2026 09:30:00 +0000');
  assert.match(fields['received'] ?? '', /^by mail\.example\.org \(Postfix\) id r1; Sun, 22 Nov 2026 09:30:00 \+0000$/);
  assert.equal(fields['x-lambda-lmtp-report'], 'r1');
  assert.equal(fields['mime-version'], '1.0');
  assert.equal(fields['in-reply-to'], undefined);
});

test('the same report is the same to the last octet', async () => {
  const [first, second] = await Promise.all([reportOf(bounced()), reportOf(bounced())]);
  assert.ok(first.composed.content.equals(second.composed.content));
});

test('it refers to the message if that is enabled and the message has an id', async () => {
  const { header: fields } = await reportOf(bounced(), { isThreaded: true });
  assert.equal(fields['in-reply-to'], '<one@example.org>');
  assert.equal(fields['references'], '<one@example.org>');
  const without = await reportOf(bounced(), {
    isThreaded: true,
    original: { kind: 'read', header: Buffer.from('Message-ID: <a b\r\n') },
  });
  assert.equal(without.header['references'], undefined);
});

test('ENVID and ORCPT of the sender are returned unchanged', async () => {
  const recipients = [{ address: 'bob@example.com', original: 'b@example.com', orcpt: 'rfc822;Bob@Example.com' }];
  const report = await reportOf(bounced({ recipients, item: { dsn: { envid: 'QQ 314159', ret: 'FULL' } } }));
  assert.equal(report.message['original-envelope-id'], 'QQ 314159');
  assert.equal(report.recipients[0]?.['original-recipient'], 'rfc822; Bob@Example.com');
});

describe('a report returns', () => {
  const onlyHeader = `Return-Path: <alice@example.org>\r\n${header}`;

  test('the header, if the sender asked for no more (RET=HDRS)', async () => {
    const report = await reportOf(bounced({ item: { dsn: { ret: 'HDRS' } } }));
    assert.equal(report.originalType, 'text/rfc822-headers');
    assert.equal(report.original, onlyHeader);
    assert.equal(report.descriptions[2], 'Undelivered Message Headers');
  });
  test('the header, if the message is too large to be returned', async () => {
    const report = await reportOf(bounced(), { original: { kind: 'read', header } });
    assert.equal(report.original, onlyHeader);
  });
  test('the header of delayed mail', async () => {
    const report = await reportOf(delayed());
    assert.equal(report.original, onlyHeader);
    assert.equal(report.descriptions[2], 'Delayed Message Headers');
  });
  test('the header of delivered mail, unless the sender asked for more', async () => {
    assert.equal((await reportOf(served())).original, onlyHeader);
    assert.equal((await reportOf(served({ item: { dsn: { ret: 'FULL' } } }))).originalType, 'message/rfc822');
  });
  test('a note, if the message is missing', async () => {
    const report = await reportOf(bounced(), {
      original: { kind: 'gone', why: 'there is no object "in/\u00e4\r\nX: y"' },
    });
    assert.match(
      report.original,
      /^Return-Path: <alice@example\.org>\r\nComments: the message itself could not be returned: [ -~]*\r\n$/,
    );
  });
  test('the whole message, with CRLF line ends and its octets unchanged', async () => {
    const body = Buffer.concat([Buffer.from('Subject: x\n\ncaf'), Buffer.from([0xe9]), Buffer.from('\rau\r\nlait')]);
    const report = await reportOf(bounced(), { original: { kind: 'read', header, whole: body } });
    assert.ok(report.composed.is8Bit);
    assert.ok(report.composed.content.includes(Buffer.from('Subject: x\r\n\r\ncaf\xe9 au\r\nlait\r\n', 'latin1')));
  });
});

test('a delay report says until when delivery is tried, and that nothing is lost', async () => {
  const report = await reportOf(delayed({ attempt: 3 }));
  assert.equal(report.email.subject, 'Delayed mail: it is still being tried');
  assert.match(report.text, /is delayed, not lost/);
  assert.partialDeepStrictEqual(report.recipients[0], {
    action: 'delayed',
    status: '4.4.1',
    'diagnostic-code': 'X-Postfix; connect to store.example[10.0.0.7]:24: timed out',
    'will-retry-until': 'Fri, 27 Nov 2026 08:00:00 +0000',
  });
  assert.equal(report.recipients[0]?.['remote-mta'], undefined);
});

describe('recipients who may have the message', () => {
  const doubted = { status: 'expired', dsn: '4.4.2', text: 'lost connection', inDoubt: true } as const;
  const words = 'may have been delivered; the server did not confirm it';

  test('are described as such in the text, in the machine-readable fields and in the subject: nothing says that it did not arrive', async () => {
    const report = await reportOf(bounced({ said: doubted }));
    assert.equal(report.email.subject, 'Unconfirmed mail: it may have been delivered');
    const text = report.text.replace(/\s+/g, ' ');
    assert.match(text, /Your message may have been delivered to the addresses below\./);
    assert.match(text, new RegExp(`<bob@example\\.com>: ${words} \\(last: lost connection\\)`));
    assert.doesNotMatch(report.composed.content.toString(), /did not reach|undelivered|could not be delivered/i);
    assert.partialDeepStrictEqual(report.recipients[0], {
      action: 'failed',
      status: '4.4.2',
      'diagnostic-code': `X-Postfix; ${words} (last: lost connection)`,
    });
    assert.deepEqual(report.descriptions, ['Notification', 'Delivery report', 'Message']);
  });

  test('are distinguished from the others in a report about both', async () => {
    const report = await reportOf([
      ...bounced({ item: { delivery: '0000', deliveries: 2 } }),
      ...bounced({ item: { delivery: '0001', deliveries: 2 }, recipients: ['carol@example.com'], said: doubted }),
    ]);
    const text = report.text.replace(/\s+/g, ' ');
    assert.match(
      text,
      /did not reach all its recipients.*Where it says "may have been delivered", the server broke off/,
    );
    assert.match(text, /<bob@example\.com>: host/);
    assert.match(text, new RegExp(`<carol@example\\.com>: ${words}`));
  });

  test('are described as such in a warning too, which does not say that nothing is lost', async () => {
    const report = await reportOf(delayed({ said: { ...doubted, status: 'deferred' } }));
    assert.equal(report.email.subject, 'Unconfirmed mail: it may have been delivered');
    assert.match(report.text, /If it remains unknown, you get a report after Fri, 27 Nov 2026/);
    assert.doesNotMatch(report.text, /not lost/);
    assert.equal(report.recipients[0]?.['action'], 'delayed');
  });
});

test("a success report names the server that accepted the message, and the server's own words", async () => {
  const report = await reportOf(served({ recipients: ['bob@example.com', 'carol@example.com'] }));
  assert.deepEqual(
    report.recipients.map(({ action, status, ...fields }) => [action, status, fields['diagnostic-code']]),
    [
      ['relayed', '2.0.0', 'smtp; 250 2.0.0 Saved'],
      ['relayed', '2.0.0', 'smtp; 250 2.0.0 Saved'],
    ],
  );
});

test("a postmaster's copy has no explanations, is no reply, and names all recipients", async () => {
  const parameters = { notify_classes: 'bounce' };
  const recipients = ['bob@example.com', { address: 'never@example.com', notify: ['NEVER'] as const }];
  const subject = subjectOf(bounced({ recipients }));
  const { addressees } = addresseesOf(
    subject,
    parseParameters({ myhostname: 'mail.example.org', ...parameters }),
    false,
  );
  const copy = addressees.find(({ role }) => role === 'bounce');
  assert.ok(copy);
  const report = await reportOf(bounced({ recipients }), { addressee: copy });
  assert.doesNotMatch(report.text, /This is the mail system/);
  assert.equal(report.header['auto-submitted'], 'auto-generated');
  assert.equal(report.email.subject, 'Postmaster copy. Undelivered mail: it did not reach all recipients');
  assert.equal(report.recipients.length, 2);
  assert.equal(report.originalType, 'text/rfc822-headers');
});

describe('mail with SMTPUTF8', () => {
  const international = bounced({
    item: { sender: 'zo\u00eb@b\u00fccher.example', smtputf8: true },
    recipients: [{ address: 'j\u00f6rg@m\u00fcller.example', orcpt: 'utf-8;j\u00f6rg@m\u00fcller.example' }],
    said: { text: 'host said: 550 5.1.1 Unbekannt: J\u00f6rg' },
  });
  const utf8Header = Buffer.from('From: zo\u00eb@b\u00fccher.example\r\nSubject: Mittag\u2709\r\n');
  const read: Original = {
    kind: 'read',
    header: utf8Header,
    whole: Buffer.concat([utf8Header, Buffer.from('\r\nx\r\n')]),
  };

  test('is reported in the forms of RFC 6533', async () => {
    const report = await reportOf(international, { original: read });
    assert.equal(report.statusType, 'message/global-delivery-status');
    assert.equal(report.message['x-postfix-sender'], 'utf-8; zo\u00eb@b\u00fccher.example');
    assert.equal(report.recipients[0]?.['final-recipient'], 'utf-8; j\u00f6rg@m\u00fcller.example');
    assert.equal(report.recipients[0]?.['original-recipient'], 'utf-8; j\u00f6rg@m\u00fcller.example');
    assert.match(report.recipients[0]?.['diagnostic-code'] ?? '', /J\u00f6rg$/);
    assert.equal(report.originalType, 'message/global');
    assert.match(report.original, /^Return-Path: <zo\u00eb@b\u00fccher\.example>\r\n/);
    assert.ok(report.composed.isInternational);
    assert.deepEqual(report.email.to?.[0]?.address, 'zo\u00eb@b\u00fccher.example');
  });

  test('is reported in ASCII if nothing else can be sent: addresses as xtext, other characters as ?', async () => {
    const subject = { ...subjectOf(international), sender: 'zoe@b\u00fccher.example' };
    const addressee = { ...facts(international).addressee, address: subject.sender };
    const report = await reportOf(international, { subject, addressee, original: read, isSevenBit: true });
    assert.deepEqual(report.email.to?.[0]?.address, 'zoe@xn--bcher-kva.example');
    assert.equal(report.message['x-postfix-sender'], 'utf-8; zoe@b\\x{FC}cher.example');
    assert.ok(!report.composed.is8Bit);
    assert.equal(report.statusType, 'message/delivery-status');
    assert.equal(report.recipients[0]?.['final-recipient'], 'utf-8; j\\x{F6}rg@m\\x{FC}ller.example');
    assert.match(report.recipients[0]?.['diagnostic-code'] ?? '', /J\?rg$/);
    assert.match(report.text, /Unbekannt: J\u00f6rg/);
    assert.equal(report.originalType, 'text/rfc822-headers');
    assert.match(report.original, /Subject: Mittag\u2709/);
  });
});

test('a 7-bit message is returned completely if nothing else can be sent', async () => {
  const report = await reportOf(bounced(), { isSevenBit: true });
  assert.equal(report.originalType, 'message/rfc822');
  const long = Buffer.concat([header, Buffer.from(`\r\n${'x'.repeat(999)}\r\n`)]);
  const cut = await reportOf(bounced(), { isSevenBit: true, original: { kind: 'read', header, whole: long } });
  assert.equal(cut.originalType, 'text/rfc822-headers');
});

test('a single event of a request is the first part of every report', () => {
  assert.throws(() => subjectOf([]), TypeError);
  assert.equal(subjectOf([only(bounced())]).recipients.length, 1);
});

test('events are reported in the order of their deliveries, in whatever order they arrive', () => {
  const events = [2, 0, 1].flatMap((n) => bounced({ recipients: [`r${n}@x`], item: { delivery: `000${n}` } }));
  const addresses = (given: readonly ReportableEvent[]) => subjectOf(given).recipients.map(({ address }) => address);
  assert.deepEqual(addresses(events), ['r0@x', 'r1@x', 'r2@x']);
  assert.deepEqual(addresses(events.toReversed()), ['r0@x', 'r1@x', 'r2@x']);
});

test('an address before rewriting is reported if it differed in more than letter case', async () => {
  const { text } = await reportOf(
    bounced({
      recipients: [
        { address: 'bob@example.com', original: 'Bob@Example.com' },
        { address: 'carol@example.com', original: 'c@example.com' },
      ],
    }),
  );
  assert.match(text, /^<bob@example\.com>: /m);
  assert.match(text, /^<carol@example\.com> \(expanded from <c@example\.com>\): /m);
});
