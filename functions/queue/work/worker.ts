/**
 * One delivery from active: checked against the table, claimed before content, delivered, settled.
 *
 * Whatever a server says is a value. What is thrown from here is a table that cannot be read or written: the message then
 * stays in active and is seen again.
 */

import type { Attempt, DeliveryOutcome } from '../../delivery/deliver.ts';
import { stageTimeouts } from '../../delivery/stage-timeouts.ts';
import type { Verdict } from '../../delivery/verdict.ts';
import type { Delivery } from '../../request/delivery.ts';
import { type Deadline, TimeLimits } from '../../session/limit.ts';
import { withClass } from '../../smtp/enhanced-status.ts';
import type { Experience, Permission } from '../destinations/scheduler.ts';
import type { QueueServices } from '../destinations/services.ts';
import type { Failure } from '../destinations/window.ts';
import { noteSettled } from '../disposition/found-lines.ts';
import { type Settlement, settle } from '../disposition/settlement.ts';
import { inDoubtLimit, recipientsToOffer } from '../items/doubt.ts';
import { withholding } from '../items/due.ts';
import type { DeliveryItem, QueuedRecipient } from '../items/item.ts';
import type { WakeUp } from '../items/messages.ts';
import { refusedPatience, shortestWait } from '../items/policy.ts';
import { BodyFault, type Changes } from '../items/ports.ts';
import { formatLeft } from '../items/remaining-request.ts';
import type { TransitionName } from '../items/states.ts';
import { logDeliveries, logFound, noteHeldAtLimit } from '../settlement/log-deliveries.ts';
import { ownVerdict } from '../settlement/own-verdict.ts';
import { type SettlementRules, settlementRules } from '../settlement/settlement-rules.ts';
import { readOrHold } from '../writes/malformed.ts';
import { publish, publishAndWake, publishPending } from '../writes/publish.ts';
import { wallTime } from '../writes/services.ts';
import { TableTrouble } from '../writes/table-trouble.ts';
import { ClaimedElsewhere, Lease } from './lease.ts';
import { loadBody, unreadable } from './load-body.ts';
import { Progress } from './progress.ts';

/** How a message from active was dealt with; in each case it may be deleted. */
export type Worked = 'settled' | 'stale' | 'put back' | 'held' | 'corrupt';

/** A message from active. */
export interface ActiveMessage extends WakeUp {
  /** How often it was given out, this time included. Default: once. */
  readonly received?: number;
}

/** Deliveries to one destination that one invocation makes one after another. */
export interface Lane {
  /** The destination has failed in this invocation: nobody else is made to wait for it. */
  failure?: Failure;
}

/** Makes one attempt to deliver to every recipient: what the delivery agent does. */
export type Deliver = (delivery: Delivery, given: Attempt) => Promise<DeliveryOutcome>;

/**
 * Deals with one message from active.
 *
 * @throws TableTrouble where the table refuses another delivery's verdicts: this one was not begun
 * @throws what the table says where it refuses the claim, or the verdicts until the lease ends
 */
export async function work(
  wakeUp: ActiveMessage,
  services: QueueServices,
  deliver: Deliver,
  deadline: Deadline,
  lane: Lane = {},
): Promise<Worked> {
  if (!(await services.writes.settled(Math.min(refusedPatience, deadline.left())))) {
    throw new TableTrouble('failed', 'not begun: the table refuses the verdicts of another delivery');
  }
  const item = await readOrHold(wakeUp, services);
  if (item === 'malformed') return 'held';
  if (item === undefined || item.state !== 'active' || item.generation !== wakeUp.generation) {
    const { id, delivery, generation, received = 1 } = wakeUp;
    services.log.note('info', 'stale message in active', { id, delivery, generation, state: item?.state ?? null });
    if (item !== undefined && received > 1) logFound(item, generation, services);
    return 'stale';
  }
  const limits = new TimeLimits(stageTimeouts(services.parameters), deadline);
  if (!limits.hasTimeToBegin) return await putBack(item, wallTime(services) + shortestWait, services);
  const lease = new Lease(item, services, deadline);
  if (item.removal !== undefined || toOffer(item, services).length === 0) return await settleUntried(lease, services);
  const permission = await permit(lease, lane, services);
  switch (permission.kind) {
    case 'held':
      return await withhold(item, services);
    case 'wait':
      return await putBack(item, permission.until, services);
    case 'suspended':
      await settleItem(unattempted(lease, suspended(permission.failure), services), services);
      return 'settled';
    case 'go':
      return await attemptOrCondemn(lease, permission, { services, deliver, deadline, lane });
    default:
      return permission satisfies never;
  }
}

async function permit(lease: Lease, lane: Lane, services: QueueServices): Promise<Permission> {
  if (lane.failure !== undefined) return { kind: 'suspended', failure: lane.failure };
  return await services.scheduler.permit(lease.item, lease.latestEnd, services);
}

/** What an attempt needs of the invocation that makes it. */
interface Invocation {
  readonly services: QueueServices;
  readonly deliver: Deliver;
  readonly deadline: Deadline;
  readonly lane: Lane;
}

type Probing = Extract<Permission, { kind: 'go' }>;

async function attemptOrCondemn(lease: Lease, permission: Probing, invocation: Invocation): Promise<Worked> {
  const { services } = invocation;
  const { item } = lease;
  try {
    return await attemptItem(lease, permission, invocation);
  } catch (error) {
    // Whatever went wrong says nothing of the destination; if this was to find out about it, another may.
    if (permission.probe !== undefined)
      await services.scheduler.conclude(item, { kind: 'nothing' }, permission, services);
    if (error instanceof BodyFault) return await condemn(lease, error, services);
    if (lease.isUntouched && services.writes.troubleOf(error) !== undefined) return await unclaim(lease, services);
    if (!(error instanceof ClaimedElsewhere)) throw error;
    services.log.note('info', 'claimed elsewhere', { id: item.id, delivery: item.delivery });
    return 'stale';
  }
}

async function attemptItem(
  lease: Lease,
  permission: Probing,
  { services, deliver, deadline, lane }: Invocation,
): Promise<Worked> {
  const begun = wallTime(services);
  const { item } = lease;
  const open = toOffer(item, services);
  const progress = new Progress(lease, services);
  const loaded = await loadBody(item, services);
  if ('fault' in loaded) {
    await services.scheduler.conclude(item, { kind: 'nothing' }, permission, services);
    await settleItem(unattempted(lease, unreadable(loaded.fault), services), services);
    return 'settled';
  }
  const outcome = await deliver(toDelivery(item, open), {
    message: loaded.message,
    gate: lease,
    deadline,
    age: begun - item.arrival,
    oneByOne: await services.fallbacks.isOneByOne(item.destination, services),
    onProgress: (index, verdict) => progress.note(open[index]?.n, verdict),
  });
  await progress.finish();
  // A claim that was not made: the delivery belongs to another worker, or the table cannot be written.
  if (outcome.contentFault?.what === 'claim') throw outcome.contentFault.error;
  await lease.conclude();
  noteDead(outcome, lane);
  const { contentFault } = outcome;
  if (contentFault?.error instanceof BodyFault) {
    await settleKnown({ lease, verdicts: byNumber(open, outcome), begun }, services);
    await noteExperience(item, outcome, permission, services);
    throw contentFault.error;
  }
  // Verdicts first: until they are written they are in memory alone.
  await settleItem({ lease, verdicts: byNumber(open, outcome), begun }, services);
  await noteExperience(item, outcome, permission, services);
  return 'settled';
}

/** The rest of the batch is spared a destination that is dead; also where the table does not take the verdicts. */
function noteDead({ blame, verdicts }: DeliveryOutcome, lane: Lane): void {
  const experience = experienceOf(blame, verdicts);
  if (experience.kind === 'failure' && !experience.failure.isAlive) lane.failure = experience.failure;
}

/** What the attempt says of the destination is told after its verdicts, and before its slot in active opens: the next one knows it. */
async function noteExperience(
  item: DeliveryItem,
  { blame, shortReplies, isCountRight, verdicts }: DeliveryOutcome,
  permission: Probing,
  services: QueueServices,
): Promise<void> {
  if (shortReplies !== undefined) {
    const { replies, recipients, peer } = shortReplies;
    const why = `replies out of step: ${replies} final replies for ${recipients} recipients from ${peer}`;
    await services.fallbacks.note(item.destination, why, services);
  } else if (isCountRight === true) {
    await services.fallbacks.clear(item.destination, services);
  }
  await services.scheduler.conclude(item, experienceOf(blame, verdicts), permission, services);
}

function experienceOf(blame: DeliveryOutcome['blame'], verdicts: DeliveryOutcome['verdicts']): Experience {
  if (blame !== undefined) {
    const { status, text } = blame;
    return {
      kind: 'failure',
      failure: { status, text, isAlive: verdicts.some((verdict) => verdict.status === 'sent') },
    };
  }
  // Without a session nothing is known: our own time ran out, or there was nobody to deliver to.
  return { kind: verdicts.some(({ relay }) => relay !== undefined) ? 'success' : 'nothing' };
}

/** As Postfix's retry(8) service says it, with the words of the last delivery that failed. */
function suspended({ status, text }: Failure): Verdict {
  return ownVerdict(withClass(status, 4), `delivery temporarily suspended: ${text}`);
}

/** The recipients that an attempt is made for: those that are open, but for those at in_doubt_limit. */
function toOffer(item: DeliveryItem, { parameters }: QueueServices): readonly QueuedRecipient[] {
  return recipientsToOffer(item, inDoubtLimit(parameters));
}

/**
 * No recipient is to be tried. Those that are left are at in_doubt_limit, and the delivery is held or its lifetime is over; or an
 * operator has removed the message while it was another worker's, which then gave its claim back.
 */
async function settleUntried(lease: Lease, services: QueueServices): Promise<Worked> {
  const untried: Attempted = { lease, verdicts: new Map(), begun: wallTime(services) };
  const isRemoved = lease.item.removal !== undefined;
  await settleItem(isRemoved ? unattempted(lease, toBeRemoved, services) : untried, services);
  return 'settled';
}

const toBeRemoved = ownVerdict('4.3.0', 'not tried: the message was removed by the postmaster');

/** No attempt was made; everybody hears the same. */
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

/** An attempt that is over. */
interface Attempted {
  readonly lease: Lease;
  readonly verdicts: ReadonlyMap<number, Verdict>;
  readonly begun: number;
}

/** Writes all verdicts down in one conditional write, then logs them, then tells whoever wants to know. */
async function settleItem(attempted: Attempted, services: QueueServices): Promise<void> {
  const { log, scheduler } = services;
  const { lease } = attempted;
  const rules = settlementRules(services);
  let settlement = draw(attempted, rules, services);
  const { id, delivery } = lease.item;
  const moving = lease.move(() => {
    settlement = draw(attempted, rules, services);
    return [settleTransition(settlement.to, lease.isClaimed), settlement.changes];
  });
  const moved = await moving.catch((error: unknown) => {
    // Nobody else knows them: the sweep will name these recipients in doubt.
    if (lease.isClaimed) log.note('error', 'verdicts not written', { id, delivery, lines: settlement.lines, error });
    throw error;
  });
  const { removal } = lease.item;
  if (moved.kind === 'behind') {
    // Somebody took this delivery for dead: what we know is still worth a line.
    log.note('error', 'verdicts came too late', { id, delivery, lines: settlement.lines });
    return;
  }
  scheduler.leave(moved.item);
  logDeliveries(settlement.lines, moved.item, services);
  noteHeldAtLimit(moved.item, services);
  if (removal !== undefined) log.note('info', 'removed at the end of its delivery', { id, delivery, ...removal });
  await publish(moved.item, services);
}

function draw({ lease, verdicts, begun }: Attempted, rules: SettlementRules, services: QueueServices): Settlement {
  return settle({ ...rules, item: lease.item, verdicts, begun, now: wallTime(services) });
}

/**
 * What servers said for good before the body failed stands, whatever becomes of the others: nobody sends it to them again. Nor is
 * it forgotten who may have the message. Nobody is given up or warned for it: a person is to look at the delivery first.
 */
async function settleKnown({ lease, verdicts, begun }: Attempted, services: QueueServices): Promise<void> {
  const known = new Map([...verdicts].filter(([, { status, inDoubt }]) => status !== 'deferred' || inDoubt === true));
  if (known.size === 0) return;
  const usual = settlementRules(services);
  const rules = { ...usual, mayExpire: false, times: { ...usual.times, delay_warning_time: 0 } };
  const attempted = { lease, verdicts: known, begun };
  const { lines } = draw(attempted, rules, services);
  const isWritten = await lease.progress(() => {
    const { recipients, pending } = draw(attempted, rules, services).changes;
    return { recipients, pending };
  });
  if (!isWritten) throw new ClaimedElsewhere();
  logDeliveries(lines, lease.item, services);
}

const claimedTransitions = { done: 'finish', deferred: 'defer', held: 'detain' } as const;
const unclaimedTransitions = { done: 'finishUnclaimed', deferred: 'deferUnclaimed', held: 'withhold' } as const;

function settleTransition(to: Settlement['to'], isClaimed: boolean): TransitionName {
  return isClaimed ? claimedTransitions[to] : unclaimedTransitions[to];
}

/** Back behind those that wait, until a moment; no attempt is counted. */
async function putBack(item: DeliveryItem, until: number, services: QueueServices): Promise<Worked> {
  const moved = await services.ledger.move('putBack', item, { due: until });
  if (moved.kind === 'moved') {
    services.scheduler.leave(item);
    await publishAndWake(moved.item, services);
  }
  return 'put back';
}

/** The claim is given back, since no content was begun: behind those that wait, and no attempt is counted. */
async function unclaim(lease: Lease, services: QueueServices): Promise<Worked> {
  const due = wallTime(services) + shortestWait;
  const moved = await lease.move(() => ['unclaim', { claim: null, due }]);
  if (moved.kind === 'moved') {
    services.scheduler.leave(moved.item);
    await publishAndWake(moved.item, services);
  }
  return 'put back';
}

/** Nothing is sent to its destination: it waits until that is held no more. */
async function withhold(item: DeliveryItem, services: QueueServices): Promise<Worked> {
  const moved = await services.ledger.move('withhold', item, withholding(item, wallTime(services)));
  if (moved.kind === 'moved') {
    services.scheduler.leave(item);
    await publish(moved.item, services);
  }
  return 'held';
}

/** The body is gone, or no longer what it was: nobody can deliver that, and nobody should guess. */
async function condemn(lease: Lease, fault: BodyFault, services: QueueServices): Promise<Worked> {
  const { item } = lease;
  const { id, delivery } = item;
  const reason = `message.key: ${fault.message}`;
  // Nobody looks at a corrupt item again: whoever is still to be told of a recipient that bounced before is told first.
  await publishPending(item, services);
  await services.corrupt.file({ id: `${id}.${delivery}`, reason, body: formatLeft(item), isDelivery: true });
  const changes = { due: null, unpublished: null, claim: null, reason, ...attemptMade(item) };
  const moved = await lease.move(() => [lease.isClaimed ? 'condemnClaimed' : 'condemn', changes]);
  if (moved.kind === 'moved') services.scheduler.leave(item);
  services.log.note('error', 'corrupt delivery', { id, delivery, reason });
  return 'corrupt';
}

/** The attempt whose verdicts were written down before the body failed counts; their lines are in the log. */
function attemptMade(item: DeliveryItem): Pick<Changes, 'attempt' | 'settled'> {
  const attempt = Math.max(0, ...item.recipients.map(({ last }) => last?.attempt ?? 0));
  return attempt > item.attempt ? { attempt, settled: noteSettled(item, 0) } : {};
}
