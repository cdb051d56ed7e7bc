import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Incoming } from '../../../functions/incoming/reading.ts';
import { type Admission, admit } from '../../../functions/queue/admission/admit.ts';
import { ItemFault, type RawItem } from '../../../functions/queue/items/unreadable-item.ts';
import { parseTransportMap } from '../../../functions/request/transport-map.ts';
import { bounceOf } from '../../support/bounce-of.ts';
import { type CapturingServices, captureServices } from '../../support/capturing-services.ts';

const acceptance: Omit<Admission, 'objects' | 'contents'> = {
  transportMap: parseTransportMap('example.com lmtp:inet:one.test\nexample.net lmtp:inet:two.test:2424', 'lmtp', 24),
  allowedDestinations: new Set(['inet:three.test:24']),
  allowedBuckets: new Set(['messages', 'other']),
  messageBucket: 'messages',
};

const request = {
  version: 1,
  id: '4bXq1',
  sender: 'alice@example.org',
  recipients: ['bob@example.com'],
  message: { bucket: 'messages', key: 'in/a.eml' },
};

/** Services with a body. */
function makeServices(values: Readonly<Record<string, string>> = {}): CapturingServices {
  const services = captureServices(values);
  services.bodies.put('in/a.eml', 'Subject: x\r\n\r\nhello\r\n');
  return services;
}

/** Submits a request in the form of an SQS message. */
async function submit(
  services: CapturingServices,
  given: Readonly<Record<string, unknown>> = {},
  over: Partial<Incoming> = {},
): Promise<void> {
  const body = JSON.stringify({ ...request, ...given });
  await admit(
    { messageId: 'sqs-1', body, sent: services.clock.wall - 250, ...over },
    { ...acceptance, objects: services.bodies, contents: services.bodies },
    services,
  );
}

test('a request becomes a delivery in the table and a message in active', async () => {
  const services = makeServices();
  await submit(services);
  assert.partialDeepStrictEqual(services.ledger.items, [
    {
      id: '4bXq1',
      delivery: '0000',
      state: 'active',
      generation: 1,
      attempt: 0,
      sender: 'alice@example.org',
      recipients: [{ address: 'bob@example.com', n: 0 }],
      destination: 'inet:one.test:24',
      message: { bucket: 'messages', key: 'in/a.eml', size: 21 },
      arrival: services.clock.wall - 250,
      activated: services.clock.wall,
      pending: {},
    },
  ]);
  assert.deepEqual(services.activated, ['4bXq1/0000 1']);
});

test('a request without an id gets that of its message', async () => {
  const services = makeServices();
  await submit(services, { id: undefined });
  assert.deepEqual(
    services.ledger.items.map(({ id }) => id),
    ['sqs-1'],
  );
});

test('a request with an arrival time has that age', async () => {
  const services = makeServices();
  await submit(services, { arrival: '2026-11-22T07:00:00Z' });
  assert.equal(services.ledger.items[0]?.arrival, Date.UTC(2026, 10, 22, 7));
});

test('a message that SQS dates after our clock is not from the future', async () => {
  const services = makeServices();
  await submit(services, {}, { sent: services.clock.wall + 86_400_000 });
  assert.ok((services.ledger.items[0]?.arrival ?? 0) <= services.clock.wall + 300_000);
});

test('recipients of two destinations are two deliveries', async () => {
  const services = makeServices();
  await submit(services, { recipients: ['bob@example.com', 'dave@example.net', 'carol@example.com'] });
  assert.deepEqual(
    services.ledger.items.map(({ delivery, destination, recipients }) => [
      delivery,
      destination,
      recipients.map(({ address, n }) => `${n} ${address}`),
    ]),
    [
      ['0000', 'inet:one.test:24', ['0 bob@example.com', '2 carol@example.com']],
      ['0001', 'inet:two.test:2424', ['1 dave@example.net']],
    ],
  );
  assert.deepEqual(services.activated, ['4bXq1/0000 1', '4bXq1/0001 1']);
});

test('deliveries to one destination have message groups of one name, in different slots', async () => {
  const services = makeServices({
    lmtp_destination_recipient_limit: '2',
    lmtp_initial_destination_concurrency: '20',
  });
  const recipients = Array.from({ length: 120 }, (_, n) => `r${n}@example.com`);
  await submit(services, { recipients: [...recipients, 'dave@example.net'] });
  const groups = services.ledger.items.map(({ group }) => group.split('#'));
  const names = new Set(groups.map(([name]) => name));
  assert.equal(names.size, 2);
  const slots = new Set(groups.slice(0, 60).map(([, slot]) => Number(slot)));
  assert.ok(slots.size > 10 && [...slots].every((slot) => slot >= 0 && slot < 20));
});

test('the same request again is a duplicate, whatever the order of its fields', async () => {
  const services = makeServices();
  await submit(services);
  const [before] = services.ledger.items;
  const reversed = JSON.stringify(Object.fromEntries(Object.entries(request).reverse()));
  await submit(services, {}, { body: reversed, messageId: 'sqs-2' });
  assert.deepEqual(services.ledger.items, [before]);
  assert.deepEqual(services.notices, []);
  assert.ok(services.notes.includes('info: duplicate request'));
});

test('another request under the same id is corrupt, and the first is not affected', async () => {
  const services = makeServices();
  await submit(services);
  const before = services.ledger.items;
  await submit(services, { sender: 'mallory@example.org' }, { messageId: 'sqs-2' });
  assert.deepEqual(services.ledger.items, before);
  assert.partialDeepStrictEqual(services.notices, [
    { id: 'sqs-2', requestId: '4bXq1', reason: 'id: "4bXq1" is already used by another request' },
  ]);
});

test('a late copy is a duplicate even if its body is deleted by now', async () => {
  const services = makeServices();
  await submit(services);
  services.bodies.remove('in/a.eml');
  await submit(services);
  assert.deepEqual([services.notices, services.ledger.items.length], [[], 1]);
});

test('a body that cannot be read at the moment leaves the request in incoming', async () => {
  const services = makeServices();
  services.bodies.trouble = new Error('access denied');
  await assert.rejects(submit(services), /access denied/);
  assert.deepEqual([services.notices, services.ledger.items], [[], []]);
});

test('a recipient with a control character bounces at admission, once, and the others get the mail', async () => {
  const services = makeServices();
  await submit(services, { recipients: ['bob@example.com', 'e\rvil@example.com', 'carol@example.com'] });
  await submit(services, { recipients: ['bob@example.com', 'e\rvil@example.com', 'carol@example.com'] });
  assert.partialDeepStrictEqual(services.ledger.items, [
    { state: 'active', pending: {}, recipients: [{ n: 0 }, { n: 2 }] },
    { state: 'done', pending: {}, recipients: [{ n: 1 }] },
  ]);
  assert.equal(services.ledger.items.length, 2);
  assert.deepEqual(
    services.published.flatMap((event) => bounceOf(event).bouncedRecipients.map(({ status }) => status)),
    ['5.1.3'],
  );
  assert.deepEqual(
    services.lines.map(({ status }) => status),
    ['bounced'],
  );
});

test('a request without a usable recipient is done at admission, and found by its id', async () => {
  const services = makeServices();
  await submit(services, { recipients: ['', 'e\u0000vil@example.com'] });
  assert.partialDeepStrictEqual(services.ledger.items, [{ id: '4bXq1', state: 'done', pending: {} }]);
  assert.deepEqual(services.activated, []);
  assert.equal(services.published.length, 1);
});

/** What makes a request corrupt, and the reason in the notice: field and value. */
const unusable: readonly (readonly [string, Readonly<Record<string, unknown>>, RegExp])[] = [
  ['an unknown version', { version: 2 }, /^version: 2 is not allowed; expected 1$/],
  ['an unknown field', { reciepients: [] }, /^reciepients: is not a field; allowed are version, /],
  ['an id with other characters', { id: 'a/b' }, /^id: "a\/b" is not allowed; expected letters/],
  ['no recipient', { recipients: [] }, /^recipients: \[\] is not allowed; expected a list/],
  ['a recipient that is a number', { recipients: ['bob@example.com', 7] }, /^recipients\[1\]: 7 /],
  [
    'a sender with a line end',
    { sender: 'alice@x\r\nRCPT TO:<y>' },
    /^sender: "alice@x\\r\\nRCPT TO:<y>" holds .*U\+000D/,
  ],
  ['an invalid destination', { destination: 'inet:' }, /^destination: "inet:": expected host, host:port/],
  [
    'a destination that is not allowed',
    { destination: 'inet:evil.test:24' },
    /^destination: "inet:evil.test:24" is not allowed by this stack; allowed: inet:one.test:24 inet:two.test:2424 inet:three.test:24$/,
  ],
  [
    'a recipient that the map does not know',
    { recipients: ['x@example.edu'] },
    /^destination: the transport map has no entry for "x@example.edu"$/,
  ],
  [
    'a bucket that is not allowed',
    { message: { bucket: 'secret', key: 'a' } },
    /^message.bucket: "secret" is not allowed by this stack; allowed: messages other$/,
  ],
  [
    'a missing body',
    { message: { bucket: 'messages', key: 'in/b.eml' } },
    /^message.key: there is no object "in\/b.eml"/,
  ],
  ['a file of this machine', { message: { file: '/etc/passwd' } }, /^message.bucket: /],
];

for (const [what, given, reason] of unusable) {
  test(`a request with ${what} is corrupt, and the reason names it`, async () => {
    const services = makeServices();
    await submit(services, given);
    const [notice, ...others] = services.notices;
    assert.deepEqual([services.ledger.items, others], [[], []]);
    assert.match(notice?.reason ?? '', reason);
    assert.equal(notice?.id, 'sqs-1');
    assert.equal(notice?.body, JSON.stringify({ ...request, ...given }), 'the request as submitted');
  });
}

for (const [what, id] of Object.entries({
  'an empty id': '',
  'a very long id': 'x'.repeat(5000),
  'a number for an id': 7,
})) {
  test(`a request with ${what} is corrupt, even if something else is wrong with it`, async () => {
    const services = makeServices();
    await submit(services, { id });
    await submit(services, { id, version: 2 });
    assert.deepEqual(
      services.notices.map(({ reason }) => reason.split(':')[0]),
      ['id', 'version'],
    );
  });
}

for (const body of ['', '{', '[]', 'null', '"text"', '7']) {
  test(`${body === '' ? 'nothing' : body} is not a request`, async () => {
    const services = makeServices();
    await submit(services, {}, { body });
    assert.partialDeepStrictEqual(services.notices, [{ id: 'sqs-1', body }]);
    assert.match(services.notices[0]?.reason ?? '', /^request: .*is not /);
  });
}

test('where bodies are below prefixes, a request for another object of the bucket is corrupt: it could never be read', async () => {
  const bodyPrefixes = { bucket: 'messages', prefixes: ['in/', 'drop/'] };
  const submitKey = async (bucket: string, key: string) => {
    const services = makeServices();
    services.bodies.put(key, 'Subject: x\r\n\r\nhello\r\n');
    const body = JSON.stringify({ ...request, message: { bucket, key } });
    const admission = { ...acceptance, bodyPrefixes, objects: services.bodies, contents: services.bodies };
    await admit({ messageId: 'sqs-1', body, sent: services.clock.wall }, admission, services);
    return services.notices.map(({ reason }) => reason);
  };
  const reason =
    'message.key: "archive/a.eml" is not allowed by this stack; bodies must be below in/ drop/ reports/ notified/';
  assert.deepEqual(await submitKey('messages', 'archive/a.eml'), [reason]);
  assert.deepEqual(await submitKey('messages', 'drop/a.eml'), []);
  // Written by the bounce function.
  assert.deepEqual(await submitKey('messages', 'reports/a.eml'), []);
  // Mail that was inside a notification.
  assert.deepEqual(await submitKey('messages', 'notified/a.eml'), []);
  // Prefixes are those of the message bucket.
  assert.deepEqual(await submitKey('other', 'archive/a.eml'), []);
});

describe('a repeated request with a delivery that cannot be read', () => {
  const two = { recipients: ['bob@example.com', 'dora@example.net'] };

  /** The first delivery, made malformed, without the second: its qmgr died in between. */
  async function breakFirst(services: CapturingServices): Promise<RawItem> {
    const [first] = services.ledger.items;
    assert.ok(first !== undefined);
    const raw = { ...first, arrival: 'yesterday' };
    services.ledger.plant(raw);
    return raw;
  }

  test('gets the missing deliveries, and the malformed one is held', async () => {
    const [whole, services] = [makeServices(), makeServices()];
    await submit(whole, two);
    const [first] = whole.ledger.items;
    assert.ok(first !== undefined);
    services.ledger.plant({ ...first, arrival: 'yesterday' });
    await submit(services, two);
    assert.deepEqual(
      services.ledger.items.map(({ delivery, state }) => [delivery, state]),
      [['0001', 'active']],
    );
    const [found] = await services.ledger.readAll('4bXq1');
    assert.ok(found instanceof ItemFault);
    assert.equal(found.raw['state'], 'held');
    assert.deepEqual(services.notices, []);
  });

  test('makes no second delivery for a recipient who may be in it, if it is split differently now', async () => {
    const services = makeServices();
    await submit(services, two);
    const raw = await breakFirst(services);
    services.ledger.plant({ ...raw, planHash: 'another' });
    await assert.rejects(submit(services, two), ItemFault);
    assert.equal((await services.ledger.readAll('4bXq1')).length, 2);
  });
});
