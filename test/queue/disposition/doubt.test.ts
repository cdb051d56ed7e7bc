/**
 * Doubt through the whole life of a delivery: whatever servers reply, in whatever order, and whatever an
 * operator does.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Verdict } from '../../../functions/delivery/verdict.ts';
import { type Settlement, type SettlementFacts, settle } from '../../../functions/queue/disposition/settlement.ts';
import { doubtWords, inDoubtLimitHold, recipientsToOffer, withoutCount } from '../../../functions/queue/items/doubt.ts';
import type { ReportableEvent } from '../../../functions/queue/items/event.ts';
import { type DeliveryItem, openRecipients } from '../../../functions/queue/items/item.ts';
import { afterMove } from '../../../functions/queue/items/moved-item.ts';
import { humanPart } from '../../../functions/report/human-part.ts';
import { statusPart } from '../../../functions/report/status-part.ts';
import { subjectOf } from '../../../functions/report/subject.ts';
import { makeItem, makeRecipients } from '../../support/delivery-item.ts';

const hour = 3_600_000;
const times = {
  minimal_backoff_time: 300_000,
  maximal_backoff_time: 4_000_000,
  maximal_queue_lifetime: 24 * hour,
  bounce_queue_lifetime: 24 * hour,
  delay_warning_time: 4 * hour,
  retry_jitter: 0,
};

const said = { setUp: 0, transfer: 0, relay: 'mail.example[10.0.0.1]:24', remoteMta: 'mail.example' };
const verdicts = {
  sent: { status: 'sent', dsn: '2.0.0', text: '250 saved', ...said },
  deferred: { status: 'deferred', dsn: '4.2.2', text: 'host said: 452 full', ...said },
  refused: { status: 'bounced', dsn: '5.1.1', text: 'host said: 550 no such user', ...said },
  doubt: { status: 'deferred', dsn: '4.4.2', text: 'lost connection', inDoubt: true, ...said },
} as const satisfies Readonly<Record<string, Verdict>>;
type Said = keyof typeof verdicts;

/** One event in the life of a delivery, some time after the one before. */
type Step = { readonly after: number } & (
  | { readonly kind: 'attempt'; readonly said: readonly Said[] }
  /** No attempt is made: the destination is suspended. */
  | { readonly kind: 'suspended' }
  /** The worker dies. */
  | { readonly kind: 'lapse' }
  | { readonly kind: 'release' }
  | { readonly kind: 'removal'; readonly bounces: boolean }
);

const after = fc.constantFrom(60_000, hour, 5 * hour, 20 * hour);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      after,
      kind: fc.constant('attempt' as const),
      said: fc.array(fc.constantFrom<Said>('sent', 'deferred', 'deferred', 'refused', 'doubt', 'doubt', 'doubt'), {
        minLength: 4,
        maxLength: 4,
      }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ after, kind: fc.constant('suspended' as const) }) },
  { weight: 2, arbitrary: fc.record({ after, kind: fc.constant('lapse' as const) }) },
  { weight: 1, arbitrary: fc.record({ after, kind: fc.constant('release' as const) }) },
  { weight: 1, arbitrary: fc.record({ after, kind: fc.constant('removal' as const), bounces: fc.boolean() }) },
);

const life = fc.record({
  recipients: fc.integer({ min: 1, max: 4 }),
  limit: fc.constantFrom(1, 2, 3, Number.POSITIVE_INFINITY),
  action: fc.constantFrom('retry' as const, 'hold' as const),
  steps: fc.array(step, { minLength: 1, maxLength: 14 }),
});

/** A delivery and its surroundings: which recipients may really have the message. */
class Life {
  item: DeliveryItem;
  now: number;
  readonly doubted = new Set<string>();
  /** Attempts in doubt since the last release, by address. */
  readonly attempts = new Map<string, number>();
  readonly #rules: Pick<SettlementFacts, 'inDoubtLimit' | 'inDoubtAction'>;
  readonly #limit: number;

  constructor(recipients: number, limit: number, action: 'retry' | 'hold') {
    const addresses = Array.from({ length: recipients }, (_, n) => `r${n}@x`);
    this.item = makeItem({ recipients: makeRecipients(...addresses), state: 'active' });
    this.now = this.item.arrival;
    this.#limit = action === 'hold' ? Number.POSITIVE_INFINITY : limit;
    this.#rules = { inDoubtLimit: this.#limit, inDoubtAction: action };
  }

  take(step: Step): void {
    this.now += step.after;
    const { item } = this;
    if (step.kind === 'release') {
      const { holds: _, ...rest } = item;
      this.item = { ...rest, recipients: withoutCount(item.recipients) };
      this.attempts.clear();
      return;
    }
    const isHeld = item.holds !== undefined && item.holds.length > 0;
    const given = isHeld || step.kind === 'removal' ? new Map<number, Verdict>() : this.#attempt(step);
    const removal = { by: 'ann', why: 'w', at: this.now, bounces: step.kind === 'removal' && step.bounces };
    this.#settle(given, step.kind === 'lapse' ? { mayExpire: false } : {}, step.kind === 'removal' ? { removal } : {});
  }

  /** The server's reply to each recipient that is offered. */
  #attempt(step: Step): ReadonlyMap<number, Verdict> {
    const offered = recipientsToOffer(this.item, this.#limit);
    return new Map(
      offered.map(({ n, address }): [number, Verdict] => {
        const name =
          step.kind === 'lapse' ? 'doubt' : step.kind === 'attempt' ? (step.said[n] ?? 'deferred') : 'deferred';
        if (name === 'doubt') {
          this.doubted.add(address);
          this.attempts.set(address, (this.attempts.get(address) ?? 0) + 1);
        }
        return [n, verdicts[name]];
      }),
    );
  }

  #settle(given: ReadonlyMap<number, Verdict>, rules: Partial<SettlementFacts>, asked: Partial<DeliveryItem>): void {
    const item = { ...this.item, ...asked };
    const settlement = settle({
      ...{ item, verdicts: given, begun: this.now, now: this.now, times, transport: 'lmtp' },
      ...{ reportingMta: 'mail.example.org', ...this.#rules, ...rules },
    });
    this.#check(settlement, given);
    const next = afterMove('defer', item, settlement.changes);
    this.item = { ...next, state: settlement.to, pending: {} };
  }

  #check({ to, changes, lines, events }: Settlement, given: ReadonlyMap<number, Verdict>): void {
    for (const { recipient, status, in_doubt: said } of lines) {
      assert.equal(said === true, status !== 'sent' && this.doubted.has(recipient), `${recipient} ${status}`);
    }
    const counted = lines.filter(({ in_doubt, in_doubt_known: known }) => in_doubt === true && known !== true);
    const newly = [...given.values()].filter(({ inDoubt }) => inDoubt === true);
    assert.equal(counted.length, newly.length, 'each attempt in doubt is counted once');
    for (const event of events) this.#checkEvent(event);
    for (const { address, last, doubt } of changes.recipients) {
      if (last === undefined || last.status === 'sent') continue;
      assert.equal(last.inDoubt === true, this.doubted.has(address), `${address} is ${last.status}`);
      assert.ok((doubt?.attempts ?? 0) <= this.#limit, `${address}: ${doubt?.attempts} attempts`);
      assert.equal(doubt?.attempts ?? 0, this.attempts.get(address) ?? 0, address);
    }
    const isStuck = recipientsToOffer(changes, this.#limit).length === 0 && openRecipients(changes).length > 0;
    const isHeldAtLimit = changes.holds?.some(({ id }) => id === inDoubtLimitHold) === true;
    assert.equal(isHeldAtLimit, isStuck, 'held exactly if only recipients at the limit are left');
    assert.ok(!isStuck || (to === 'held' && changes.due !== null), 'and such a hold has an end');
  }

  #checkEvent(event: ReportableEvent): void {
    const subject = subjectOf([event]);
    const text = humanPart(subject, subject.recipients, { isForPostmaster: false, host: 'h' }).replace(/\s+/g, ' ');
    const machine = statusPart(subject, subject.recipients, { isInternational: false, mailName: 'Postfix' });
    const fields = machine.split('\r\n\r\n').slice(1);
    const inDoubt = subject.recipients.filter(({ address }) => this.doubted.has(address));
    for (const [n, recipient] of subject.recipients.entries()) {
      const isDoubted = this.doubted.has(recipient.address);
      assert.equal(recipient.inDoubt === true, isDoubted, recipient.address);
      assert.equal(recipient.diagnosticCode.includes(doubtWords), isDoubted);
      assert.equal(fields[n]?.replace(/\s+/g, ' ').includes(doubtWords), isDoubted);
      assert.equal(text.includes(`<${recipient.address}>: ${doubtWords}`), isDoubted);
    }
    if (inDoubt.length < subject.recipients.length) return;
    assert.match(text, /may have been delivered to the addresses below/);
    assert.doesNotMatch(text, /did not reach|could not be delivered|nothing is lost/);
  }
}

test('once a recipient is in doubt, every later line, event and report says so until it is sent, and no attempt exceeds the limit', () => {
  let deliveries = 0;
  let doubts = 0;
  let held = 0;
  fc.assert(
    fc.property(life, ({ recipients, limit, action, steps }) => {
      const lived = new Life(recipients, limit, action);
      for (const each of steps) {
        if (openRecipients(lived.item).length === 0) break;
        lived.take(each);
        if (lived.item.holds?.some(({ id }) => id === inDoubtLimitHold)) held += 1;
      }
      deliveries += 1;
      doubts += lived.doubted.size;
    }),
    { numRuns: 1000 },
  );
  assert.ok(doubts > deliveries / 2 && held > 50, `${doubts} doubts and ${held} holds in ${deliveries} deliveries`);
});
