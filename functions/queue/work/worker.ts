/**
 * Works on one delivery from active: checks it against the table, claims it before content, delivers it, settles it.
 *
 * Replies of servers are values. Errors thrown from here mean that the table cannot be read or written: the message
 * then stays in active and is received again.
 */

import type { Attempt, DeliveryOutcome } from '../../delivery/deliver.ts';
import type { Message } from '../../delivery/message.ts';
import { stageTimeouts } from '../../delivery/stage-timeouts.ts';
import type { Verdict } from '../../delivery/verdict.ts';
import type { Delivery } from '../../request/delivery.ts';
import { type Deadline, TimeLimits } from '../../session/limit.ts';
import { withClass } from '../../smtp/enhanced-status.ts';
import type { AttemptResult, Permission } from '../destinations/scheduler.ts';
import type { QueueServices } from '../destinations/services.ts';
import type { Failure } from '../destinations/window.ts';
import { appendGeneration } from '../disposition/found-lines.ts';
import { type Settlement, settle } from '../disposition/settlement.ts';
import { inDoubtLimit, recipientsToOffer } from '../items/doubt.ts';
import { withholding } from '../items/due.ts';
import type { DeliveryItem, QueuedRecipient } from '../items/item.ts';
import type { WakeUp } from '../items/messages.ts';
import { refusedPatience, shortestWait } from '../items/policy.ts';
import { BodyFault, type Changes } from '../items/ports.ts';
import { formatRemainingRequest } from '../items/remaining-request.ts';
import type { TransitionName } from '../items/states.ts';
import { logDeliveries, logFoundLines, logHeldAtLimit } from '../settlement/log-deliveries.ts';
import { ownVerdict } from '../settlement/own-verdict.ts';
import { type SettlementRules, settlementRules } from '../settlement/settlement-rules.ts';
import { readOrHold } from '../writes/malformed.ts';
import { publish, publishAndWake, publishPending } from '../writes/publish.ts';
import { wallTime } from '../writes/services.ts';
import { TableTrouble } from '../writes/table-trouble.ts';
import { ClaimedElsewhere, Lease } from './lease.ts';
import { loadBody, unreadable } from './load-body.ts';
import { Progress } from './progress.ts';

/** How a message from active was handled; in each case it may be deleted. */
export type WorkResult = 'settled' | 'stale' | 'put back' | 'held' | 'corrupt';

/** A message from active. */
export interface ActiveMessage extends WakeUp {
  /** How often SQS delivered it, this time included. Default: once. */
  readonly received?: number;
}

/** Deliveries to one destination that an invocation makes in sequence. */
export interface Lane {
  /** The destination has failed in this invocation; the remaining deliveries do not try it. */
  failure?: Failure;
}

/** Makes one attempt to deliver to each recipient (the delivery agent). */
export type Deliver = (delivery: Delivery, given: Attempt) => Promise<DeliveryOutcome>;

/**
 * Handles one message from active.
 *
 * @throws TableTrouble if the table refuses the verdicts of another delivery: this one was not begun
 * @throws the table's error if it refuses the claim, or the verdicts until the lease ends
 */
export async function work(
  wakeUp: ActiveMessage,
  services: QueueServices,
  deliver: Deliver,
  deadline: Deadline,
  lane: Lane = {},
): Promise<WorkResult> {
  if (!(await services.writes.awaitRepeats(Math.min(refusedPatience, deadline.left())))) {
    throw new TableTrouble('failed', 'not begun: the table refuses the verdicts of another delivery');
  }
  const item = await readOrHold(wakeUp, services);
  if (item === 'malformed') return 'held';
  if (item === undefined || item.state !== 'active' || item.generation !== wakeUp.generation) {
    const { id, delivery, generation, received = 1 } = wakeUp;
    services.log.note('info', 'stale message in active', { id, delivery, generation, state: item?.state ?? null });
    if (item !== undefined && received > 1) logFoundLines(item, generation, services);
    return 'stale';
  }
  const limits = new TimeLimits(stageTimeouts(services.parameters), deadline);
  if (!limits.hasTimeToBegin) return await putBack(item, wallTime(services) + shortestWait, services);
  const lease = new Lease(item, services, deadline);
  if (item.removal !== undefined || toOffer(item, services).length === 0)
    return await finishWithoutAttempt(lease, services);
  const permission = await permit(lease, lane, services);
  switch (permission.kind) {
    case 'held':
      return await withhold(item, services);
    case 'wait':
      return await putBack(item, permission.until, services);
    case 'suspended':
      await writeSettlement(unattempted(lease, suspended(permission.failure), services), services);
      return 'settled';
    case 'go':
      return await attemptOrMarkCorrupt(lease, permission, { services, deliver, deadline, lane });
    default:
      return permission satisfies never;
  }
}

async function permit(lease: Lease, lane: Lane, services: QueueServices): Promise<Permission> {
  if (lane.failure !== undefined) return { kind: 'suspended', failure: lane.failure };
  return await services.scheduler.permit(lease.item, lease.latestEnd, services);
}

/** What an attempt needs from its invocation. */
interface Invocation {
  readonly services: QueueServices;
  readonly deliver: Deliver;
  readonly deadline: Deadline;
  readonly lane: Lane;
}

type Probing = Extract<Permission, { kind: 'go' }>;

async function attemptOrMarkCorrupt(lease: Lease, permission: Probing, invocation: Invocation): Promise<WorkResult> {
  const { services } = invocation;
  const { item } = lease;
  try {
    return await attemptItem(lease, permission, invocation);
  } catch (error) {
    // The error says nothing about the destination; if this was the probe, another delivery may probe.
    if (permission.probe !== undefined)
      await services.scheduler.recordResult(item, { kind: 'nothing' }, permission, services);
    if (error instanceof BodyFault) return await markCorrupt(lease, error, services);
    if (lease.isUntouched && services.writes.troubleOf(error) !== undefined) return await returnClaim(lease, services);
    if (!(error instanceof ClaimedElsewhere)) throw error;
    services.log.note('info', 'claimed elsewhere', { id: item.id, delivery: item.delivery });
    return 'stale';
  }
}

async function attemptItem(
  lease: Lease,
  permission: Probing,
  { services, deliver, deadline, lane }: Invocation,
): Promise<WorkResult> {
  const begun = wallTime(services);
  const { item } = lease;
  const open = toOffer(item, services);
  const progress = new Progress(lease, services);
  const loaded = await loadBody(item, services);
  if ('fault' in loaded) {
    await services.scheduler.recordResult(item, { kind: 'nothing' }, permission, services);
    await writeSettlement(unattempted(lease, unreadable(loaded.fault), services), services);
    return 'settled';
  }
  const outcome = await deliver(toDelivery(item, open), {
    message: loaded.message,
    gate: lease,
    deadline,
    age: begun - item.arrival,
    oneByOne: await services.fallbacks.isOneByOne(item.destination, services),
    onProgress: (index, verdict) => progress.add(open[index]?.n, verdict),
  });
  await progress.finish();
  // The claim failed: another worker has the delivery, or the table cannot be written.
  if (outcome.contentFault?.what === 'claim') throw outcome.contentFault.error;
  await lease.awaitClaim();
  markDestinationDead(outcome, lane);
  const { contentFault } = outcome;
  if (contentFault?.error instanceof BodyFault) {
    await writeKnownVerdicts({ lease, verdicts: byNumber(open, outcome), begun }, services);
    await recordResult(item, outcome, permission, services);
    throw contentFault.error;
  }
  // Verdicts first: until they are written they are only in memory.
  const body = seenBody(loaded.message, item);
  await writeSettlement(
    { lease, verdicts: byNumber(open, outcome), begun, ...(body === undefined ? {} : { body }) },
    services,
  );
  await recordResult(item, outcome, permission, services);
  return 'settled';
}

/**
 * Returns the declaration of a large message that this attempt saw whole, or saw octets above 127 of, so that the next attempt knows
 * it without a second read. Smaller ones are inspected at each attempt. The producer's own 8BITMIME stays.
 */
function seenBody({ isExact, is8Bit }: Message, { body }: DeliveryItem): DeliveryItem['body'] {
  if (isExact || is8Bit === undefined || body === '8BITMIME') return undefined;
  return is8Bit ? '8BITMIME' : '7BIT';
}

/** Keeps the rest of the batch from a dead destination, even if the table refuses the verdicts. */
function markDestinationDead({ blame, verdicts }: DeliveryOutcome, lane: Lane): void {
  const experience = resultOf(blame, verdicts);
  if (experience.kind === 'failure' && !experience.failure.isAlive) lane.failure = experience.failure;
}

/**
 * Records the result for the destination: after the verdicts, and before the slot in active opens, so that the next
 * delivery knows it.
 */
async function recordResult(
  item: DeliveryItem,
  { blame, shortReplies, isCountRight, verdicts }: DeliveryOutcome,
  permission: Probing,
  services: QueueServices,
): Promise<void> {
  if (shortReplies !== undefined) {
    const { replies, recipients, peer } = shortReplies;
    const why = `replies out of step: ${replies} final replies for ${recipients} recipients from ${peer}`;
    await services.fallbacks.begin(item.destination, why, services);
  } else if (isCountRight === true) {
    await services.fallbacks.clear(item.destination, services);
  }
  await services.scheduler.recordResult(item, resultOf(blame, verdicts), permission, services);
}

function resultOf(blame: DeliveryOutcome['blame'], verdicts: DeliveryOutcome['verdicts']): AttemptResult {
  if (blame !== undefined) {
    const { status, text } = blame;
    return {
      kind: 'failure',
      failure: { status, text, isAlive: verdicts.some((verdict) => verdict.status === 'sent') },
    };
  }
  // Without a session nothing is known: the deadline passed, or there were no recipients.
  return { kind: verdicts.some(({ relay }) => relay !== undefined) ? 'success' : 'nothing' };
}

/** Returns the verdict in the words of Postfix's retry(8) service, with the text of the last failure. */
function suspended({ status, text }: Failure): Verdict {
  return ownVerdict(withClass(status, 4), `delivery temporarily suspended: ${text}`);
}

/** The recipients of an attempt: open, and not at in_doubt_limit. */
function toOffer(item: DeliveryItem, { parameters }: QueueServices): readonly QueuedRecipient[] {
  return recipientsToOffer(item, inDoubtLimit(parameters));
}

/**
 * Finishes a delivery without an attempt. Its remaining recipients are at in_doubt_limit; or an operator removed the
 * message while another worker had it, and that worker returned its claim.
 */
async function finishWithoutAttempt(lease: Lease, services: QueueServices): Promise<WorkResult> {
  const untried: Attempted = { lease, verdicts: new Map(), begun: wallTime(services) };
  const isRemoved = lease.item.removal !== undefined;
  await writeSettlement(isRemoved ? unattempted(lease, toBeRemoved, services) : untried, services);
  return 'settled';
}

const toBeRemoved = ownVerdict('4.3.0', 'not tried: the message was removed by the postmaster');

/** Gives all recipients the same verdict, without an attempt. */
function unattempted(lease: Lease, verdict: Verdict, services: QueueServices): Attempted {
  const verdicts = new Map(toOffer(lease.item, services).map(({ n }) => [n, verdict]));
  return { lease, verdicts, begun: wallTime(services) };
}

function byNumber(recipients: readonly QueuedRecipient[], { verdicts }: DeliveryOutcome): ReadonlyMap<number, Verdict> {
  return new Map(
    recipients.flatMap(({ n }, index) => (verdicts[index] === undefined ? [] : [[n, verdicts[index]] as const])),
  );
}

function toDelivery(item: DeliveryItem, recipients: readonly QueuedRecipient[]): Delivery {
  const { sender, destination, body, smtputf8, dsn } = item;
  return {
    sender,
    destination,
    recipients,
    ...(body === undefined ? {} : { body }),
    ...(smtputf8 === undefined ? {} : { smtputf8 }),
    ...(dsn === undefined ? {} : { dsn }),
  };
}

/** An attempt that has ended. */
interface Attempted {
  readonly lease: Lease;
  readonly verdicts: ReadonlyMap<number, Verdict>;
  readonly begun: number;
  /** What the attempt saw of a large message. */
  readonly body?: NonNullable<DeliveryItem['body']>;
}

/** Writes all verdicts in one conditional write, then logs them, then publishes their events. */
async function writeSettlement(attempted: Attempted, services: QueueServices): Promise<void> {
  const { log, scheduler } = services;
  const { lease } = attempted;
  const rules = settlementRules(services);
  let settlement = settlementNow(attempted, rules, services);
  const { id, delivery } = lease.item;
  const moving = lease.move(() => {
    settlement = settlementNow(attempted, rules, services);
    return [transitionFor(settlement.to, lease.isClaimed), settlement.changes];
  });
  const moved = await moving.catch((error: unknown) => {
    // The verdicts are lost: the sweep will mark these recipients in doubt.
    if (lease.isClaimed) log.note('error', 'verdicts not written', { id, delivery, lines: settlement.lines, error });
    throw error;
  });
  const { removal } = lease.item;
  if (moved.kind === 'behind') {
    // The sweep has expired the lease; log what this worker knows.
    log.note('error', 'verdicts came too late', { id, delivery, lines: settlement.lines });
    return;
  }
  scheduler.giveBackPlace(moved.item);
  logDeliveries(settlement.lines, moved.item, services);
  logHeldAtLimit(moved.item, services);
  if (removal !== undefined) log.note('info', 'removed at the end of its delivery', { id, delivery, ...removal });
  await publish(moved.item, services);
}

function settlementNow({ lease, ...seen }: Attempted, rules: SettlementRules, services: QueueServices): Settlement {
  return settle({ ...rules, ...seen, item: lease.item, now: wallTime(services) });
}

/**
 * Writes the final verdicts from before the body failed, and the doubts, so that no attempt repeats them. Other
 * recipients neither expire nor get a warning: an operator decides about the delivery first.
 */
async function writeKnownVerdicts({ lease, verdicts, begun }: Attempted, services: QueueServices): Promise<void> {
  const known = new Map([...verdicts].filter(([, { status, inDoubt }]) => status !== 'deferred' || inDoubt === true));
  if (known.size === 0) return;
  const usual = settlementRules(services);
  const rules = { ...usual, mayExpire: false, times: { ...usual.times, delay_warning_time: 0 } };
  const attempted = { lease, verdicts: known, begun };
  const { lines } = settlementNow(attempted, rules, services);
  const isWritten = await lease.progress(() => {
    const { recipients, pending } = settlementNow(attempted, rules, services).changes;
    return { recipients, pending };
  });
  if (!isWritten) throw new ClaimedElsewhere();
  logDeliveries(lines, lease.item, services);
}

const claimedTransitions = { done: 'finish', deferred: 'defer', held: 'finishHeld' } as const;
const unclaimedTransitions = { done: 'finishUnclaimed', deferred: 'deferUnclaimed', held: 'withhold' } as const;

function transitionFor(to: Settlement['to'], isClaimed: boolean): TransitionName {
  return isClaimed ? claimedTransitions[to] : unclaimedTransitions[to];
}

/** Queues a delivery again, due at a moment; no attempt is counted. */
async function putBack(item: DeliveryItem, until: number, services: QueueServices): Promise<WorkResult> {
  const moved = await services.ledger.move('putBack', item, { due: until });
  if (moved.kind === 'moved') {
    services.scheduler.giveBackPlace(item);
    await publishAndWake(moved.item, services);
  }
  return 'put back';
}

/** Returns the claim, because no content was sent: the delivery is queued again, and no attempt is counted. */
async function returnClaim(lease: Lease, services: QueueServices): Promise<WorkResult> {
  const due = wallTime(services) + shortestWait;
  const moved = await lease.move(() => ['unclaim', { claim: null, due }]);
  if (moved.kind === 'moved') {
    services.scheduler.giveBackPlace(moved.item);
    await publishAndWake(moved.item, services);
  }
  return 'put back';
}

/** Holds a delivery with its destination. */
async function withhold(item: DeliveryItem, services: QueueServices): Promise<WorkResult> {
  const moved = await services.ledger.move('withhold', item, withholding(item, wallTime(services)));
  if (moved.kind === 'moved') {
    services.scheduler.giveBackPlace(item);
    await publish(moved.item, services);
  }
  return 'held';
}

/** Marks a delivery corrupt, because its body is gone or was altered. */
async function markCorrupt(lease: Lease, fault: BodyFault, services: QueueServices): Promise<WorkResult> {
  const { item } = lease;
  const { id, delivery } = item;
  const reason = `message.key: ${fault.message}`;
  // The sweep does not look at corrupt items, so the pending events are published first.
  await publishPending(item, services);
  await services.corrupt.file({
    id: `${id}.${delivery}`,
    reason,
    body: formatRemainingRequest(item),
    isDelivery: true,
  });
  const changes = { due: null, unpublished: null, claim: null, reason, ...countedAttempt(item) };
  const moved = await lease.move(() => [lease.isClaimed ? 'markCorruptClaimed' : 'markCorrupt', changes]);
  if (moved.kind === 'moved') services.scheduler.giveBackPlace(item);
  services.log.note('error', 'corrupt delivery', { id, delivery, reason });
  return 'corrupt';
}

/** Counts the attempt if its verdicts were written before the body failed; their lines are in the log. */
function countedAttempt(item: DeliveryItem): Pick<Changes, 'attempt' | 'settled'> {
  const attempt = Math.max(0, ...item.recipients.map(({ last }) => last?.attempt ?? 0));
  return attempt > item.attempt ? { attempt, settled: appendGeneration(item, 0) } : {};
}
