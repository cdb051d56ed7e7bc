import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { DeliveryItem } from '../../../functions/queue/items/item.ts';
import { readItem } from '../../../functions/queue/items/parse-item.ts';
import { ForeignItem, ItemFault, isUnreadable, type RawItem } from '../../../functions/queue/items/unreadable-item.ts';
import { anyAttribute, anyItem } from '../../support/arbitrary-items.ts';
import { makeEvent, makeItem, makeVerdict } from '../../support/delivery-item.ts';

/** The item with one member at a path replaced. */
function withMember(value: unknown, path: readonly (string | number)[], member: unknown): unknown {
  const [first, ...rest] = path;
  if (first === undefined) return member;
  if (Array.isArray(value)) return value.map((one, n) => (n === first ? withMember(one, rest, member) : one));
  assert.ok(typeof value === 'object' && value !== null);
  return { ...value, [first]: withMember((value as Record<string, unknown>)[first], rest, member) };
}

/** Paths of all members of a value, the deepest too. */
function pathsOf(value: unknown, path: readonly (string | number)[] = []): readonly (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null) return path.length === 0 ? [] : [path];
  const members = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  const own = path.length === 0 ? [] : [path];
  return [...own, ...members.flatMap(([name, member]) => pathsOf(member, [...path, name]))];
}

function inWords(path: readonly (string | number)[]): string {
  return path.map((part, n) => (typeof part === 'number' ? `[${part}]` : n === 0 ? part : `.${part}`)).join('');
}

function faultOf(raw: RawItem): string {
  const found = readItem(raw);
  assert.ok(found instanceof ItemFault, 'it is read');
  assert.deepEqual(found.raw, raw);
  return found.fault;
}

const full = makeItem({
  id: 'full',
  recipients: [
    { address: 'bob@example.com', n: 0, notify: ['SUCCESS'], orcpt: 'rfc822;b@x', original: 'b@x' },
    { address: 'carol@example.com', n: 1, last: { ...makeVerdict('deferred'), inDoubt: true, relay: 'r', by: 'ann' } },
  ],
  pending: { e1: makeEvent('e1') },
  holds: [{ id: 'h', reason: 'r', by: 'ann', since: 1, until: 2 }],
  claim: { token: 't', until: 3 },
  dsn: { ret: 'FULL', envid: 'e' },
  authentication: { spf: 'PASS' },
  unpublished: { due: 5 },
  removal: { by: 'ann', why: 'w', at: 1, bounces: true },
  history: [{ at: 1, by: 'ann', what: 'held', why: 'w' }],
});

describe('an item of the table', () => {
  test('is read unchanged, with unknown attributes of a later release', () => {
    fc.assert(
      fc.property(
        anyItem,
        fc.dictionary(
          fc.string({ minLength: 1 }).map((name) => `x${name}`),
          anyAttribute,
        ),
        (item, more) => {
          const raw = { ...more, ...item };
          assert.equal(readItem(raw), raw);
        },
      ),
    );
  });

  test('is read as the release before wrote it', () => {
    const fixture = JSON.parse(readFileSync(new URL('../../upgrades/fixtures/first.json', import.meta.url), 'utf8'));
    const deliveries = (fixture.items as readonly RawItem[]).filter(({ delivery }) => /^\d+$/.test(String(delivery)));
    assert.ok(deliveries.length > 10);
    for (const raw of deliveries) assert.equal(readItem(raw), raw);
  });

  test('with any value in one attribute is still valid, or names that attribute', () => {
    fc.assert(
      fc.property(anyItem, fc.nat(), anyAttribute, (item, n, value) => {
        const names = Object.keys(item).filter((name) => name !== 'version');
        const name = names[n % names.length] ?? 'id';
        const found = readItem({ ...item, [name]: value });
        if (!isUnreadable(found)) return;
        assert.ok(found instanceof ItemFault);
        assert.match(found.field, new RegExp(`^${name}([.[]|$)`));
        assert.ok(found.fault.startsWith(`${found.field}: `));
      }),
      { numRuns: 1000 },
    );
  });

  test('with a key that has no text of its own is malformed, as any other', () => {
    for (const name of ['id', 'delivery']) {
      const found = readItem({ ...full, [name]: { toString: false } });
      assert.ok(found instanceof ItemFault);
      assert.equal(found.field, name);
    }
  });

  test('with a wrong deepest member names that member, and nothing before it', () => {
    for (const path of pathsOf(full)) {
      const raw = withMember(full, path, new Uint8Array(1)) as RawItem;
      assert.ok(faultOf(raw).startsWith(`${inWords(path)}: binary data is not `), inWords(path));
    }
  });

  test('is read as soon as its other members are correct', () => {
    const optional = ['due', 'holds', 'claim', 'dsn', 'authentication', 'unpublished', 'removal', 'history'] as const;
    for (const name of optional) {
      const { [name]: _, ...rest } = full;
      assert.equal(readItem(rest), rest, `without ${name}`);
    }
    const { sender: _, ...rest } = full;
    assert.equal(faultOf(rest), 'sender: is missing; expected a string');
  });
});

const faults: readonly (readonly [string, Record<string, unknown>, string])[] = [
  [
    'an unknown verdict',
    { recipients: [full.recipients[0], { address: 'x', n: 1, last: { ...makeVerdict('sent'), status: 'foo' } }] },
    'recipients[1].last.status: "foo" is not one of sent, deferred, bounced, expired, removed',
  ],
  [
    'an unknown state',
    { state: 'lost' },
    'state: "lost" is not one of queued, active, delivering, deferred, held, done, corrupt',
  ],
  [
    'a malformed status',
    { recipients: [{ address: 'x', n: 0, last: { ...makeVerdict('sent'), dsn: '250' } }] },
    'recipients[0].last.dsn: "250" is not a status such as 4.2.2',
  ],
  ['an impossible time', { arrival: 1e300 }, 'arrival: 1e+300 is not a time in milliseconds'],
  ['a number with a fraction', { generation: 1.5 }, 'generation: 1.5 is not a whole number from 1'],
  ['null in a required member', { message: null }, 'message: null is not an object'],
  ['no version', { version: 'one' }, 'version: "one" is not a whole number from 1'],
  [
    'an event of no kind',
    { pending: { e1: { ...makeEvent('e1'), lmtp: { ...makeEvent('e1').lmtp, kind: 'x' } } } },
    'pending.e1.lmtp.kind: "x" is not one of bounce, delay, success, reject',
  ],
  [
    'an event of two kinds',
    { pending: { e1: { ...makeEvent('e1'), eventType: 'DeliveryDelay' } } },
    'pending.e1.eventType: "DeliveryDelay" is not wanted here',
  ],
  ['a long value', { group: ['x'.repeat(500)] }, `group: ["${'x'.repeat(75)}... is not a string`],
];

for (const [what, change, fault] of faults) {
  test(`an item with ${what} is malformed, and says where`, () => {
    assert.equal(faultOf({ ...full, ...change }), fault);
  });
}

describe('an item of another release', () => {
  const broken = { recipients: 'another form' };

  test('that follows this one is read if possible', () => {
    const next = { ...full, version: 2, addition: 7 };
    assert.equal(readItem(next), next);
  });

  test('that follows this one, with another form, is left to it', () => {
    const found = readItem({ ...full, ...broken, version: 2 });
    assert.ok(found instanceof ForeignItem);
    assert.match(found.fault, /^of version 2: recipients: "another form" is not a list$/);
  });

  test('that is further away is left to it, whatever its content', () => {
    for (const raw of [
      { ...full, version: 3 },
      { ...full, ...broken, version: 3 },
    ]) {
      assert.ok(readItem(raw) instanceof ForeignItem);
    }
  });

  test('of this release is malformed, not of another', () => {
    assert.ok(readItem({ ...full, ...broken, version: 1 }) instanceof ItemFault);
  });
});

/** A guard against a parser that accepts everything. */
test('only an item is read as an item', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), anyAttribute), (raw) => {
      assert.ok(isUnreadable(readItem(raw)));
    }),
  );
  assert.ok(isUnreadable(readItem({} satisfies Partial<DeliveryItem>)));
});
