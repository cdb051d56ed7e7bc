/**
 * Items of the queue table as fast-check generates them: every content of a valid one, and attributes of
 * later releases.
 */
import fc from 'fast-check';
import type { DeliveryItem, LastVerdict, QueuedRecipient } from '../../functions/queue/items/item.ts';
import { states } from '../../functions/queue/items/states.ts';
import type { EnhancedStatus } from '../../functions/smtp/enhanced-status.ts';
import { makeEvent } from './delivery-item.ts';

const time = fc.integer({ min: 0, max: 4_000_000_000_000 });
const words = fc.string({ unit: 'grapheme', maxLength: 20 });
const name = fc.string({ minLength: 1, maxLength: 20 });

const status = fc
  .tuple(fc.constantFrom(2, 4, 5), fc.nat(999), fc.nat(999))
  .map(([a, b, c]): EnhancedStatus => `${a}.${b}.${c}` as EnhancedStatus);

const last: fc.Arbitrary<LastVerdict> = fc.record(
  {
    status: fc.constantFrom('sent', 'deferred', 'bounced', 'expired', 'removed'),
    dsn: status,
    text: words,
    relay: words,
    remoteMta: words,
    inDoubt: fc.constant(true as const),
    relayed: fc.constant(true as const),
    at: time,
    attempt: fc.nat(),
    by: words,
  },
  { requiredKeys: ['status', 'dsn', 'text', 'at', 'attempt'] },
);

const recipient: fc.Arbitrary<QueuedRecipient> = fc.record(
  {
    address: words,
    original: words,
    notify: fc.subarray(['NEVER', 'SUCCESS', 'FAILURE', 'DELAY'] as const),
    orcpt: words,
    n: fc.nat(),
    last,
  },
  { requiredKeys: ['address', 'n'] },
);

const hold = fc.record(
  { id: name, reason: words, by: words, since: time, until: time, atEnd: fc.constant('drop' as const) },
  { requiredKeys: ['id', 'reason', 'by', 'since'] },
);

/** Any valid item. */
export const anyItem: fc.Arbitrary<DeliveryItem> = fc.record(
  {
    version: fc.constant(1),
    id: name,
    delivery: fc.nat(9_999_999).map((n) => String(n).padStart(4, '0')),
    state: fc.constantFrom(...states),
    generation: fc.integer({ min: 1 }),
    by: name,
    due: time,
    requestHash: name,
    planHash: name,
    deliveries: fc.nat(),
    arrival: time,
    activated: time,
    sender: words,
    recipients: fc.array(recipient, { maxLength: 4 }),
    message: fc.record(
      { bucket: name, key: name, versionId: name, etag: words, size: fc.nat() },
      { requiredKeys: ['bucket', 'key', 'etag', 'size'] },
    ),
    destination: words,
    group: name,
    body: fc.constantFrom('7BIT', '8BITMIME'),
    smtputf8: fc.boolean(),
    dsn: fc.record({ ret: fc.constantFrom('FULL', 'HDRS'), envid: words }, { requiredKeys: [] }),
    authentication: fc.dictionary(name, words),
    sesMessageId: words,
    attempt: fc.nat(),
    claim: fc.record({ token: words, until: time }),
    pending: fc.constantFrom({}, { e1: makeEvent('e1') }),
    unpublished: fc.record({ due: time }, { requiredKeys: [] }),
    reason: words,
    mailbox: words,
    holds: fc.array(hold, { maxLength: 3 }),
    removal: fc.record({ by: words, why: words, at: time, bounces: fc.boolean() }),
    warned: time,
    deadLetters: fc.nat(),
    history: fc.array(fc.record({ at: time, by: words, what: words, why: words }), { maxLength: 3 }),
  },
  {
    requiredKeys: [
      ...(['version', 'id', 'delivery', 'state', 'generation', 'by', 'requestHash', 'planHash'] as const),
      ...(['deliveries', 'arrival', 'activated', 'sender', 'recipients', 'message', 'destination'] as const),
      ...(['group', 'attempt', 'pending'] as const),
    ],
  },
);

/** Any value that a table can return. */
export const anyAttribute: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, 1e300, 2 ** 60, -1, 0.5, new Set(['a']), new Uint8Array(3)),
);
