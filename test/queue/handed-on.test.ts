/** Mail for another transport of the same system: passed on once, and found where it was admitted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Admission, admit } from '../../functions/queue/admission/admit.ts';
import { parseTransportMap } from '../../functions/request/transport-map.ts';
import { type CapturingServices, captureServices } from '../support/capturing-services.ts';
import { sesMessageId, sesNotification } from '../support/front-door-messages.ts';

const map = 'lists.example mailman:inet:mailman.test:8024\narchive.example mailman:\n* lmtp:inet:one.test';

/** Two transports with a queue in between. */
function makeTransports() {
  const lmtp = withBody(captureServices());
  const mailman = withBody(captureServices());
  const sent: { readonly transport: string; readonly request: string }[] = [];
  const acceptance = { allowedBuckets: new Set(['messages']), messageBucket: 'messages' };
  const lmtpAdmission: Admission = {
    ...acceptance,
    allowedDestinations: new Set(),
    objects: lmtp.bodies,
    contents: lmtp.bodies,
    transportMap: parseTransportMap(map, 'lmtp', 24, { otherTransports: new Set(['mailman']) }),
    otherTransports: { send: async (transport, request) => void sent.push({ transport, request }) },
  };
  const mailmanAdmission: Admission = {
    ...acceptance,
    allowedDestinations: new Set(['inet:mailman.test:8024']),
    objects: mailman.bodies,
    contents: mailman.bodies,
    transportMap: parseTransportMap('* mailman:inet:archive.test', 'mailman', 24),
  };
  return {
    lmtp,
    mailman,
    sent,
    lmtpAdmission,
    receive: async (request: object, messageId = 'sqs-1') => {
      await admit({ messageId, body: JSON.stringify(request), sent: lmtp.clock.wall }, lmtpAdmission, lmtp);
    },
    /** The other transport admits everything that was sent. */
    pass: async () => {
      for (const [index, { request }] of sent.entries()) {
        const incoming = { messageId: `other-${index}`, body: request, sent: mailman.clock.wall, handedOnBy: 'lmtp' };
        await admit(incoming, mailmanAdmission, mailman);
      }
    },
  };
}

function withBody(services: CapturingServices): CapturingServices {
  services.bodies.put('in/a.eml', 'Subject: x\r\n\r\nhello\r\n');
  return services;
}

const request = {
  version: 1,
  id: '4bXq1',
  sender: 'alice@example.org',
  recipients: [
    'bob@example.com',
    { address: 'dev@lists.example', original: 'dev@example.com', notify: ['FAILURE'], orcpt: 'rfc822;dev@example.com' },
    'all@lists.example',
    'x@archive.example',
  ],
  message: { bucket: 'messages', key: 'in/a.eml' },
  dsn: { ret: 'HDRS', envid: 'QQ314159' },
  authentication: { spf: 'PASS' },
};

test('each recipient is delivered by the transport that the map names', async () => {
  const { lmtp, mailman, sent, receive, pass } = makeTransports();
  await receive(request);
  await pass();
  assert.deepEqual(
    lmtp.ledger.items.map(({ state, destination, recipients }) => [state, destination, recipients.length]),
    [
      ['active', 'inet:one.test:24', 1],
      ['done', 'mailman:inet:mailman.test:8024', 2],
      ['done', 'mailman:', 1],
    ],
  );
  assert.deepEqual(
    mailman.ledger.items.map(({ id, destination, recipients }) => [
      id,
      destination,
      recipients.map(({ address }) => address),
    ]),
    [
      ['4bXq1.0001', 'inet:mailman.test:8024', ['dev@lists.example', 'all@lists.example']],
      ['4bXq1.0002', 'inet:archive.test:24', ['x@archive.example']],
    ],
  );
  assert.partialDeepStrictEqual(mailman.ledger.items[0], {
    sender: 'alice@example.org',
    recipients: [{ original: 'dev@example.com', notify: ['FAILURE'], orcpt: 'rfc822;dev@example.com' }, {}],
    dsn: { ret: 'HDRS', envid: 'QQ314159' },
    authentication: { spf: 'PASS' },
  });
  assert.deepEqual(
    sent.map(({ transport }) => transport),
    ['mailman', 'mailman'],
  );
  assert.deepEqual([lmtp.notices, mailman.notices, lmtp.published], [[], [], []]);
  assert.deepEqual(lmtp.lines, []);
});

test('a repeated request is passed on once', async () => {
  const { sent, receive } = makeTransports();
  await receive(request);
  await receive(request, 'sqs-2');
  assert.equal(sent.length, 2);
});

test('a crash before the pass-on is recorded sends the mail twice, and the other transport admits it once', async () => {
  const { lmtp, mailman, sent, receive, pass } = makeTransports();
  const admitItem = lmtp.ledger.admit.bind(lmtp.ledger);
  lmtp.ledger.admit = async (item) => {
    if (item.destination.startsWith('mailman:')) throw new Error('died');
    return await admitItem(item);
  };
  await assert.rejects(receive(request), /died/);
  lmtp.ledger.admit = admitItem;
  lmtp.clock.advance(60_000);
  await receive(request);
  await pass();
  assert.equal(sent.length, 3);
  assert.deepEqual([mailman.ledger.items.length, mailman.notices], [2, []]);
});

test('a repeated request is not rerouted: mail stays with the transport that it was sent to', async () => {
  const { lmtp, sent, lmtpAdmission, receive } = makeTransports();
  await receive(request);
  Object.assign(lmtpAdmission, { transportMap: parseTransportMap('* lmtp:inet:one.test', 'lmtp', 24) });
  await receive(request, 'sqs-2');
  assert.deepEqual([sent.length, lmtp.ledger.items.length], [2, 3]);
});

test('mail that was passed on is not passed on again, to avoid a loop', async () => {
  const { lmtp, lmtpAdmission, sent } = makeTransports();
  const incoming = { messageId: 'sqs-1', body: JSON.stringify(request), sent: lmtp.clock.wall, handedOnBy: 'mailman' };
  await admit(incoming, lmtpAdmission, lmtp);
  assert.deepEqual([sent, lmtp.ledger.items], [[], []]);
  assert.match(
    lmtp.notices[0]?.reason ?? '',
    /^destination: the transport map hands the mail on to "mailman", but "mailman" handed it on to this/,
  );
});

test('mail in which SES found a virus is passed on with its verdicts, and the other transport holds it', async () => {
  const { lmtp, mailman, receive, pass } = makeTransports();
  for (const { bodies } of [lmtp, mailman]) bodies.put(`ses/${sesMessageId}`, 'Subject: x\r\n\r\nhello\r\n');
  const recipients = ['bob@example.com', 'dev@lists.example'];
  await receive(sesNotification({ recipients, receipt: { virusVerdict: { status: 'FAIL' } } }));
  await pass();
  const statesOf = ({ ledger }: CapturingServices) => ledger.items.map(({ state, holds }) => [state, holds?.[0]?.id]);
  assert.deepEqual(statesOf(lmtp), [
    ['held', 'ses-virus'],
    ['done', undefined],
  ]);
  assert.deepEqual(statesOf(mailman), [['held', 'ses-virus']]);
});

test('an id that leaves no room for a number is hashed', async () => {
  const { sent, receive } = makeTransports();
  await receive({ ...request, id: 'x'.repeat(80), arrival: '2026-11-22T07:00:00Z' });
  const { id, arrival } = JSON.parse(sent[0]?.request ?? '');
  assert.match(id, /^[0-9a-f]{40}\.0001$/);
  assert.equal(arrival, '2026-11-22T07:00:00.000Z');
});
