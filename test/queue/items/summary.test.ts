import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { matchEntry, matchesItem } from '../../../functions/operator/queue-filter.ts';
import type { QueuedRecipient } from '../../../functions/queue/items/item.ts';
import type { QueueFilter } from '../../../functions/queue/items/queue-entry.ts';
import { entryOf, summarise } from '../../../functions/queue/items/summary.ts';
import { orderOf, orderPrefix } from '../../../functions/queue/items/waiting-order.ts';
import { makeItem, makeVerdict } from '../../support/delivery-item.ts';

const address = fc.oneof(
  fc.emailAddress(),
  fc.string({ maxLength: 900, unit: 'grapheme' }).map((localPart) => `${localPart}@x`),
);

/** Recipients of an item. */
const recipients: fc.Arbitrary<readonly QueuedRecipient[]> = fc
  .array(
    fc.record({
      address,
      n: fc.nat(1000),
      last: fc.option(
        fc.record({
          status: fc.constantFrom('sent', 'deferred', 'bounced'),
          text: fc.string({ maxLength: 2000, unit: 'grapheme' }),
          inDoubt: fc.option(fc.constant(true as const), { nil: undefined }),
        }),
        { nil: undefined },
      ),
    }),
    { maxLength: 60 },
  )
  .map((all) =>
    all.map(({ last, ...rest }) => {
      if (last === undefined) return rest;
      const { inDoubt, ...said } = last;
      return { ...rest, last: { ...makeVerdict(said.status), ...said, ...(inDoubt === undefined ? {} : { inDoubt }) } };
    }),
  );

describe('the summary of a delivery', () => {
  test('is small, for any number of recipients and any length of replies', () => {
    fc.assert(
      fc.property(recipients, fc.string({ maxLength: 3000 }), (all, words) => {
        const holds = [{ id: 'h', reason: words, by: 'ann', since: 1 }];
        const summary = summarise({ recipients: all, holds, reason: words });
        // One address is always in it, and may have the full length.
        const longest = Math.max(0, ...summary.addresses.map((one) => Buffer.byteLength(one)));
        const octets = Buffer.byteLength([...summary.addresses, ...summary.replies.map(({ text }) => text)].join(''));
        assert.ok(octets <= 500 + longest, `${octets} octets`);
        assert.ok(Buffer.byteLength(summary.held ?? '') <= 120 && Buffer.byteLength(summary.reason ?? '') <= 120);
      }),
    );
  });

  test('counts omitted recipients, and those in doubt', () => {
    fc.assert(
      fc.property(recipients, (all) => {
        const open = all.filter(({ last }) => last === undefined || last.status === 'deferred');
        const summary = summarise({ recipients: all });
        assert.equal(summary.addresses.length + summary.moreAddresses, open.length);
        assert.equal(summary.inDoubt, open.filter(({ last }) => last?.inDoubt === true).length);
        assert.deepEqual(
          summary.addresses,
          open.slice(0, summary.addresses.length).map((one) => one.address),
        );
      }),
    );
  });
});

test('an entry never contradicts its item: a filter matches both, or needs the item', () => {
  const wanted = fc.record(
    {
      recipient: fc.oneof(address, fc.constantFrom('*', '@x', '*a*@*', '')),
      reply: fc.string({ minLength: 1, maxLength: 3 }),
      sender: fc.constantFrom('alice@example.org', '@example.org', 'bob@x', ''),
      inDoubt: fc.constant(true as const),
      arrivedBy: fc.constantFrom(999_999, 1_000_000),
      states: fc.constantFrom(['held' as const], ['deferred' as const, 'queued' as const]),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(recipients, wanted, fc.nat(100), (all, filter, at) => {
      const item = makeItem({ state: 'deferred', recipients: all });
      // Some filters use existing values.
      const known = all[at % Math.max(1, all.length)];
      const asked: QueueFilter = at % 2 === 0 && known !== undefined ? { ...filter, recipient: known.address } : filter;
      const match = matchEntry(entryOf(item), asked);
      if (match !== 'perhaps') assert.equal(match, matchesItem(item, asked));
    }),
    { numRuns: 400 },
  );
});

describe('the order of waiting deliveries', () => {
  const place = (given: Parameters<typeof makeItem>[0]) => orderOf(makeItem({ destination: 'inet:a:24', ...given }));

  test('is by destination, state and time', () => {
    const sorted = [
      place({ state: 'deferred', arrival: 9 }),
      place({ state: 'deferred', arrival: 10 }),
      place({ state: 'held', arrival: 1 }),
      place({ state: 'queued', due: 5 }),
      place({ state: 'queued', due: 40 }),
      place({ state: 'queued', due: 1, attempt: 2 }),
      place({ state: 'deferred', arrival: 1, destination: 'inet:b:24' }),
    ];
    assert.deepEqual(sorted, sorted.toSorted());
  });

  test('begins with the prefix of a query, and fits into a key', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 3000, unit: 'grapheme' }), (destination) => {
        const order = place({ destination, state: 'held' });
        assert.ok(order.startsWith(orderPrefix(destination)));
        assert.ok(order.startsWith(orderPrefix(destination, 'held')));
        assert.ok(Buffer.byteLength(order) <= 1024);
      }),
    );
  });
});
