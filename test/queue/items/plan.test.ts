import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { cutText, messageGroup, type PlanRules, planDeliveries } from '../../../functions/queue/items/plan.ts';
import type { DeliveryRequest, RequestedRecipient } from '../../../functions/request/request.ts';
import { RequestError } from '../../../functions/request/request-error.ts';
import { parseTransportMap } from '../../../functions/request/transport-map.ts';

const map = `
  example.com     lmtp:inet:dovecot.internal
  .example.com    lmtp:inet:dovecot.internal:24
  carol@x         lmtp:inet:special.internal:2424
  x               lmtp:inet:Dovecot.Internal:24
`;

const rules = (given: Partial<PlanRules> = {}): PlanRules => ({
  transportMap: parseTransportMap(map.replace(/^ +/gm, ''), 'lmtp', 24),
  allowedDestinations: new Set(['inet:allowed.internal:24']),
  recipientLimit: 50,
  defaultPort: 24,
  ...given,
});

const to = (...recipients: readonly (string | RequestedRecipient)[]): DeliveryRequest => ({
  sender: 'alice@x',
  recipients: recipients.map((recipient) => (typeof recipient === 'string' ? { address: recipient } : recipient)),
  message: { bucket: 'b', key: 'k' },
});

const many = (count: number, make = (n: number) => `r${n}@x`) =>
  to(...Array.from({ length: count }, (_, n) => make(n)));

/** The sizes of the deliveries that a request is split into. */
const sizes = (request: DeliveryRequest, given?: Partial<PlanRules>) =>
  planDeliveries(request, rules(given)).deliveries.map(({ recipients }) => recipients.length);

describe('a request is split into deliveries of at most the limit of recipients', () => {
  for (const [count, limit, wanted] of [
    [1, 50, [1]],
    [49, 50, [49]],
    [50, 50, [50]],
    [51, 50, [50, 1]],
    [101, 50, [50, 50, 1]],
    [3, 1, [1, 1, 1]],
    [120, 0, [120]],
  ] as const) {
    test(`${count} recipients, limit ${limit}`, () => {
      assert.deepEqual(sizes(many(count), { recipientLimit: limit }), wanted);
    });
  }
});

test('even without a limit, no delivery is larger than an item of the table may be', () => {
  const cut = sizes(many(5000), { recipientLimit: 0 });
  assert.ok(cut.length > 1 && cut.length < 100, `${cut.length} deliveries`);
  const long = sizes(
    many(500, (n) => `${'x'.repeat(900)}${n}@x`),
    { recipientLimit: 50 },
  );
  assert.ok(
    long.every((size) => size < 50),
    'long addresses make smaller deliveries than the limit allows',
  );
});

test('recipients are grouped by destination, whichever entry of the map leads there', () => {
  const { deliveries } = planDeliveries(to('a@example.com', 'carol@x', 'b@sub.example.com', 'd@x'), rules());
  assert.deepEqual(
    deliveries.map(({ destination, recipients }) => [
      destination,
      recipients.map(({ address, n }) => `${n} ${address}`),
    ]),
    [
      ['inet:dovecot.internal:24', ['0 a@example.com', '2 b@sub.example.com', '3 d@x']],
      ['inet:special.internal:2424', ['1 carol@x']],
    ],
  );
});

test('the fields of a recipient stay with it', () => {
  const recipient = { address: 'a@x', original: 'b@x', notify: ['DELAY'], orcpt: 'rfc822;b@x' } as const;
  assert.deepEqual(planDeliveries(to(recipient), rules()).deliveries[0]?.recipients, [{ ...recipient, n: 0 }]);
});

test('a recipient with an unusable address is refused, the others keep their places', () => {
  const plan = planDeliveries(to('a@x', { address: 'b\n@x', fault: 'holds a line feed' }, 'c@x'), rules());
  assert.deepEqual(plan.refused, [{ address: 'b\n@x', n: 1, fault: 'holds a line feed' }]);
  assert.deepEqual(
    plan.deliveries.map(({ recipients }) => recipients.map(({ n }) => n)),
    [[0, 2]],
  );
});

test('if every recipient is refused, there is nothing to deliver', () => {
  const plan = planDeliveries(to({ address: '', fault: 'is empty' }), rules());
  assert.deepEqual([plan.deliveries, plan.refused.length], [[], 1]);
});

describe('a request that names its destination', () => {
  const named = (destination: string) => planDeliveries({ ...to('a@nowhere'), destination }, rules());
  test('may name one of the transport map, in any spelling', () => {
    for (const destination of ['inet:dovecot.internal:24', 'DOVECOT.internal', 'dovecot.internal:24']) {
      assert.equal(named(destination).deliveries[0]?.destination, 'inet:dovecot.internal:24', destination);
    }
  });
  test('may name one that the stack allows in addition', () => {
    assert.equal(named('allowed.internal:24').deliveries[0]?.destination, 'inet:allowed.internal:24');
  });
  test('is refused otherwise, and the error lists the allowed ones', () => {
    for (const destination of [
      'inet:evil.example:24',
      'inet:dovecot.internal:2424',
      'inet:169.254.169.254:80',
      'unix:/run/lmtp',
    ]) {
      assert.throws(
        () => named(destination),
        (error) =>
          error instanceof RequestError &&
          error.field === 'destination' &&
          error.message.includes(destination) &&
          error.message.includes('inet:allowed.internal:24'),
        destination,
      );
    }
  });
});

test('a recipient without an entry in the map makes the request unusable, and the error names it', () => {
  assert.throws(
    () => planDeliveries(to('a@x', 'b@nowhere.example'), rules()),
    (error) =>
      error instanceof RequestError && error.field === 'destination' && /"b@nowhere\.example"/.test(error.message),
  );
});

test("a message group is one of the destination's slots, always the same for the same delivery", () => {
  const group = (destination: string, delivery: string, slots = 20) =>
    messageGroup('lmtp', destination, delivery, slots);
  assert.match(group('inet:a:24', 'id/0000'), /^[0-9a-f]{16}#(?:\d|1\d)$/);
  assert.equal(group('inet:a:24', 'id/0000'), group('inet:a:24', 'id/0000'));
  const destinationOf = (name: string) => name.split('#')[0];
  assert.equal(destinationOf(group('inet:a:24', 'id/0000')), destinationOf(group('inet:a:24', 'id/0001')));
  assert.notEqual(destinationOf(group('inet:a:24', 'id/0000')), destinationOf(group('inet:b:24', 'id/0000')));
  assert.notEqual(messageGroup('lmtp', 'inet:a:24', 'x', 1), messageGroup('archive', 'inet:a:24', 'x', 1));
  assert.match(group('inet:a:24', 'id/0000', 1), /#0$/);
});

test('a reply is truncated if many share an item, between two characters', () => {
  assert.equal(cutText('250 ok', 1000), '250 ok');
  const long = '€'.repeat(2000);
  for (const recipients of [1, 49, 100, 10_000]) {
    const cut = cutText(long, recipients);
    assert.ok(Buffer.byteLength(cut) <= 2048 && Buffer.byteLength(cut) >= 250);
    assert.match(cut, /^€+\.\.\.$/);
  }
  assert.ok(Buffer.byteLength(cutText(long, 1)) > Buffer.byteLength(cutText(long, 200)));
});

test('for any split, each recipient is in exactly one delivery, in order', () => {
  const recipient = fc.constantFrom('a@x', 'carol@x', 'b@example.com', 'b@sub.example.com', `${'l'.repeat(990)}@x`);
  fc.assert(
    fc.property(fc.array(recipient, { minLength: 1, maxLength: 120 }), fc.nat(60), (recipients, recipientLimit) => {
      const { deliveries } = planDeliveries(to(...recipients), rules({ recipientLimit }));
      const places = deliveries.flatMap((delivery) => delivery.recipients.map(({ n }) => n));
      assert.deepEqual(
        places.toSorted((a, b) => a - b),
        recipients.map((_, n) => n),
      );
      for (const delivery of deliveries) {
        assert.ok(delivery.recipients.length > 0);
        assert.ok(recipientLimit === 0 || delivery.recipients.length <= recipientLimit);
        const inOrder = delivery.recipients.map(({ n }) => n);
        assert.deepEqual(
          inOrder,
          inOrder.toSorted((a, b) => a - b),
        );
      }
    }),
  );
});

test('parked recipients are separate deliveries, so that each can be rerouted later', () => {
  const transportMap = parseTransportMap('x retry:4.3.2 moving\n* error:5.1.2 not here', 'lmtp', 24);
  const { deliveries } = planDeliveries(to('a@x', 'b@y', 'c@x', 'd@y'), rules({ transportMap }));
  assert.deepEqual(
    deliveries.map(({ destination, recipients }) => [destination, ...recipients.map(({ address }) => address)]),
    [
      ['retry:4.3.2 moving', 'a@x'],
      ['retry:4.3.2 moving', 'c@x'],
      ['error:5.1.2 not here', 'b@y', 'd@y'],
    ],
  );
});

for (const destination of ['error:5.1.1 x', 'retry:4.0.0 x', 'discard:x', 'mailman:inet:a:24']) {
  test(`a request cannot name ${destination}`, () => {
    const transportMap = parseTransportMap('x error:5.1.1 x\ny discard:x', 'lmtp', 24);
    const unusable = { ...to('a@z'), destination };
    assert.throws(() => planDeliveries(unusable, rules({ transportMap })));
  });
}
