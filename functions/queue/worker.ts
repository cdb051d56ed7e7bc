/**
 * One delivery from active: checked against the table, claimed before content, delivered, settled.
 *
 * Whatever a server says is a value. What is thrown from here is a table that cannot be read or written: the message then
 * stays in active and is seen again.
 */

import type { Agent } from '../delivery/agent.ts';
import { type DeliveryOutcome, deliver } from '../delivery/deliver.ts';
import type { Delivery } from '../delivery/delivery.ts';
import type { Message } from '../delivery/message.ts';
import type { Verdict } from '../delivery/verdict.ts';
import { noteProgress, type Settlement, settle } from '../disposition/settlement.ts';
import type { Deadline } from '../session/limit.ts';
import { type DeliveryItem, openRecipients, type QueuedRecipient } from './item.ts';
import { ClaimedElsewhere, Lease } from './lease.ts';
import type { WakeUp } from './messages.ts';
import { progressDelay, shortestAttempt } from './policy.ts';
import { BodyFault } from './ports.ts';
import { publish, publishPending } from './publish.ts';
import { type Services, wallTime } from './services.ts';
import { settlementRules } from './settlement-rules.ts';
import type { TransitionName } from './states.ts';

/** How a message from active was dealt with; in each case it may be deleted. */
export type Worked = 'settled' | 'stale' | 'put back' | 'corrupt';

/** Deals with one message from active. */
export async function work(wakeUp: WakeUp, services: Services, agent: Agent, deadline: Deadline): Promise<Worked> {
  const item = await services.ledger.read(wakeUp);
  if (item === undefined || item.state !== 'active' || item.generation !== wakeUp.generation) {
    const { id, delivery, generation } = wakeUp;
    services.log.note('info', 'stale message in active', { id, delivery, generation, state: item?.state ?? null });
    return 'stale';
  }
  if (deadline.left() < shortestAttempt) return await putBack(item, services);
  const lease = new Lease(item, services, deadline);
  try {
    return await attemptItem(item, lease, services, agent, deadline);
  } catch (error) {
    if (error instanceof BodyFault) return await condemn(lease, error, services);
    if (!(error instanceof ClaimedElsewhere)) throw error;
    services.log.note('info', 'claimed elsewhere', { id: item.id, delivery: item.delivery });
    return 'stale';
  }
}

async function attemptItem(
  item: DeliveryItem,
  lease: Lease,
  services: Services,
  agent: Agent,
  deadline: Deadline,
): Promise<Worked> {
  const begun = wallTime(services);
  const open = openRecipients(item);
  const progress = new Progress(lease, services);
  const loaded = await loadBody(item, services);
  if ('fault' in loaded) {
    await settleItem({ lease, verdicts: everybody(open, unreadable(loaded.fault)), begun }, services);
    return 'settled';
  }
  const outcome = await deliver(toDelivery(item, open), agent, {
    message: loaded.message,
    gate: lease,
    deadline,
    age: begun - item.arrival,
    oneByOne: await services.cautions.isOneByOne(item.destination, services),
    onVerdict: (index, verdict) => progress.note(open[index]?.n, verdict),
  });
  await progress.finish();
  if (outcome.shortReplies !== undefined) {
    const { replies, recipients } = outcome.shortReplies;
    await services.cautions.note(item.destination, `${replies} final replies for ${recipients} recipients`, services);
  }
  await lease.conclude();
  if (loaded.message.fault instanceof BodyFault) {
    await settleKnown({ lease, verdicts: byNumber(open, outcome), begun }, services);
    throw loaded.message.fault;
  }
  await settleItem({ lease, verdicts: byNumber(open, outcome), begun }, services);
  return 'settled';
}

/** A body that cannot be read now is our trouble, not the recipients': soft, and the destination is not blamed. */
async function loadBody(
  item: DeliveryItem,
  { bodies }: Services,
): Promise<{ readonly message: Message & { readonly fault?: unknown } } | { readonly fault: unknown }> {
  try {
    return { message: rememberFault(await bodies.load(item.message)) };
  } catch (fault) {
    if (fault instanceof BodyFault) throw fault;
    return { fault };
  }
}

/** Keeps what broke the body's stream, since the conversation only knows that it broke. */
function rememberFault(message: Message): Message & { readonly fault?: unknown } {
  const remembered: { fault?: unknown } & Message = {
    ...message,
    async *open() {
      try {
        yield* message.open();
      } catch (fault) {
        remembered.fault = fault;
        throw fault;
      }
    },
  };
  return remembered;
}

function unreadable(fault: unknown): Verdict {
  const reason = fault instanceof Error ? `${fault.name}: ${fault.message}` : String(fault);
  return {
    status: 'deferred',
    dsn: '4.3.0',
    text: `the message body cannot be read: ${reason}`,
    setUp: 0,
    transfer: 0,
  };
}

function everybody(recipients: readonly QueuedRecipient[], verdict: Verdict): ReadonlyMap<number, Verdict> {
  return new Map(recipients.map(({ n }) => [n, verdict]));
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
async function settleItem(attempted: Attempted, services: Services): Promise<void> {
  const { log, ledger } = services;
  const { lease } = attempted;
  const settlement = draw(attempted, services);
  const moved = await ledger.move(settleTransition(settlement.done, lease.isClaimed), lease.item, settlement.changes);
  const { id, delivery } = lease.item;
  if (moved.kind === 'behind') {
    // Somebody took this delivery for dead: what we know is still worth a line.
    log.note('error', 'verdicts came too late', { id, delivery, lines: settlement.lines });
    return;
  }
  for (const line of settlement.lines) log.delivery(line);
  await publish(moved.item, services);
}

function draw({ lease, verdicts, begun }: Attempted, services: Services): Settlement {
  return settle({ ...settlementRules(services), item: lease.item, verdicts, begun, now: wallTime(services) });
}

/** What servers said for good before the body failed stands, whatever becomes of the others: nobody sends it to them again. */
async function settleKnown({ lease, verdicts, begun }: Attempted, services: Services): Promise<void> {
  const known = new Map([...verdicts].filter(([, { status }]) => status !== 'deferred'));
  if (known.size === 0) return;
  const { changes, lines } = draw({ lease, verdicts: known, begun }, services);
  if (!(await lease.progress(changes))) throw new ClaimedElsewhere();
  for (const line of lines) services.log.delivery(line);
}

function settleTransition(done: boolean, claimed: boolean): TransitionName {
  if (claimed) return done ? 'finish' : 'defer';
  return done ? 'finishUnclaimed' : 'deferUnclaimed';
}

async function putBack(item: DeliveryItem, services: Services): Promise<Worked> {
  const moved = await services.ledger.move('putBack', item, { due: wallTime(services) });
  if (moved.kind === 'moved') await publish(moved.item, services);
  return 'put back';
}

/** The body is gone, or no longer what it was: nobody can deliver that, and nobody should guess. */
async function condemn(lease: Lease, fault: BodyFault, services: Services): Promise<Worked> {
  const { item } = lease;
  const { id, delivery } = item;
  const reason = `message.key: ${fault.message}`;
  // Nobody looks at a corrupt item again: whoever is still to be told of a recipient that bounced before is told first.
  await publishPending(item, services);
  await services.corrupt.file({ id: `${id}.${delivery}`, reason, body: JSON.stringify(asRequest(item)) });
  await services.ledger.move(lease.isClaimed ? 'condemnClaimed' : 'condemn', item, { due: null, claim: null, reason });
  services.log.note('error', 'corrupt delivery', { id, delivery, reason });
  return 'corrupt';
}

/** What is left of a delivery, as a request that could be submitted again. */
function asRequest(item: DeliveryItem): unknown {
  const { id, arrival, sender, message, destination, body, smtputf8, dsn, authentication } = item;
  const { bucket, key, versionId } = message;
  const recipients = openRecipients(item).map(({ address, original, notify, orcpt }) => ({
    address,
    original,
    notify,
    orcpt,
  }));
  return {
    version: 1,
    id,
    arrival: new Date(arrival).toISOString(),
    sender,
    recipients,
    message: { bucket, key, versionId },
    destination,
    body,
    smtputf8,
    dsn,
    authentication,
  };
}

/** Writes finished recipients down as they come, where the server takes its time over the others. */
class Progress {
  readonly #lease: Lease;
  readonly #services: Services;
  readonly #verdicts = new Map<number, Verdict>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(lease: Lease, services: Services) {
    this.#lease = lease;
    this.#services = services;
  }

  note(n: number | undefined, verdict: Verdict): void {
    if (n === undefined || verdict.status !== 'sent') return;
    this.#verdicts.set(n, verdict);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#writing = this.#writing.then(() => this.#write());
    }, progressDelay);
  }

  /** Waits for a write that is under way; what is not written yet goes into the settlement. */
  async finish(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#writing;
  }

  async #write(): Promise<void> {
    const { item } = this.#lease;
    const recipients = noteProgress(item, this.#verdicts, wallTime(this.#services));
    try {
      await this.#lease.progress({ recipients });
    } catch (error) {
      this.#services.log.note('warn', 'progress not written', { id: item.id, delivery: item.delivery, error });
    }
  }
}
