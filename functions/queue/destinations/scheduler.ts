/**
 * Decides whether a delivery may begin now: holds, suspensions, concurrency windows and places of destinations, shared
 * by all containers through the table.
 *
 * The records only pace deliveries. If they cannot be read or written, mail is delivered as if there were none.
 */

import { parseEnding } from '../../request/route.ts';
import type { DestinationRecord, Places, Probe, Suspension } from '../items/destination-record.ts';
import { emptyRecord } from '../items/destination-record.ts';
import type { DeliveryItem } from '../items/item.ts';
import { messageGroup } from '../items/plan.ts';
import type { Destinations } from '../items/ports.ts';
import type { Services } from '../writes/services.ts';
import { changeDestination } from './change-destination.ts';
import { PlaceCounter } from './place-counter.ts';
import { unitOf } from './unit.ts';
import {
  afterFailure,
  afterNoResult,
  afterSuccess,
  type Failure,
  isDoubted,
  isUnproven,
  newTrial,
  openSlots,
  type Report,
  trialLimit,
  trialsEnd,
  trialsUnderWay,
  unlistedEnd,
  withTrial,
} from './window.ts';

/** Whether a delivery may begin. */
export type Permission =
  /** With `probe`: the delivery probes a destination that is, or may be, dead. */
  | { readonly kind: 'go'; readonly probe?: Probe }
  /** Its destination is held. */
  | { readonly kind: 'held' }
  /** Its destination is suspended. */
  | { readonly kind: 'suspended'; readonly failure: Failure }
  /** Not now: the concurrency window of its destination is full. */
  | { readonly kind: 'wait'; readonly until: number };

/** What the end of a delivery says about its destination. */
export type AttemptResult =
  | { readonly kind: 'success' }
  | { readonly kind: 'failure'; readonly failure: Failure }
  | { readonly kind: 'nothing' };

/** What the scheduler needs besides the table. */
export type SchedulerContext = Pick<Services, 'parameters' | 'clock' | 'log' | 'transport'>;

/** Milliseconds for which a container trusts what it read. */
const freshness = 3000;

/** Records that a container keeps; each mailbox may be a destination of its own. */
const mostKnown = 1000;

/** Milliseconds for which a delivery is put back if its concurrency window is full. */
const putBackTime = 15_000;

/** Tries to list a delivery as under way; other processes write to the same record. */
const entryTries = 8;

/** Milliseconds between two backlog notes of one process. */
export const backlogInterval = 5000;

interface Known {
  readonly at: number;
  readonly record: DestinationRecord;
}

/** The scheduler of one process. */
export class Scheduler {
  readonly #destinations: Destinations;
  readonly #places: PlaceCounter;
  readonly #known = new Map<string, Known>();
  readonly #backlogNoted = new Map<string, number>();

  constructor(destinations: Destinations) {
    this.#destinations = destinations;
    this.#places = new PlaceCounter(destinations);
  }

  /** Whether a delivery may begin. `leaseEnds`: when its worker is considered dead, milliseconds since 1970. */
  async permit(item: DeliveryItem, leaseEnds: number, context: SchedulerContext): Promise<Permission> {
    const unit = unitOf(item);
    const first = await this.#freshView(unit, context);
    const { holds } = item.mailbox === undefined ? first : await this.#view(item.destination, context);
    if (holds.length > 0) return { kind: 'held' };
    let decision = decide(item, first, leaseEnds, context);
    for (let n = 1; decision.kind === 'entry' && n < entryTries; n += 1) {
      const permission = await this.#enter(decision, context);
      if (permission !== undefined) return permission;
      // Another process wrote to the record: decide again.
      decision = decide(item, await this.#look(unit, context), leaseEnds, context);
    }
    return decision.kind === 'entry' ? decision.otherwise : decision;
  }

  /** Records the result of an attempt for its destination. */
  async recordResult(
    item: DeliveryItem,
    experience: AttemptResult,
    { probe }: { readonly probe?: Probe },
    context: SchedulerContext,
  ): Promise<void> {
    const { parameters, clock, log } = context;
    const now = clock.now().wall;
    const unit = unitOf(item);
    const report: Report = probe === undefined ? { now } : { now, probe };
    const after = (record: DestinationRecord) => {
      if (experience.kind === 'failure') return afterFailure(record, parameters, report, experience.failure);
      if (experience.kind === 'nothing') return afterNoResult(record, report);
      return afterSuccess(record, parameters, report, isWanted(item, record, openSlots(record, parameters, now)));
    };
    // Most deliveries change nothing, which the cached record shows.
    const known = this.#known.get(unit)?.record ?? emptyRecord(unit);
    if (probe === undefined && experience.kind !== 'failure' && after(known) === undefined) return;
    try {
      const { record, isChanged } = await changeDestination(this.#destinations, unit, after);
      this.#remember(record, now);
      if (isChanged) logChange(known, record, log);
    } catch (error) {
      const changed = after(known);
      if (changed !== undefined) this.#remember(changed, now);
      log.note('warn', 'record of the destination not written; only this container knows', {
        destination: unit,
        error,
      });
    }
  }

  /**
   * Returns the state in which a delivery waits now: held with its destination, active, or queued for a place. Takes a
   * place for `active`.
   */
  async place(
    { destination, state }: Pick<DeliveryItem, 'destination' | 'state'>,
    context: SchedulerContext,
  ): Promise<'held' | 'active' | 'queued'> {
    const { parameters, clock, log } = context;
    if ((await this.#view(destination, context)).holds.length > 0) return 'held';
    const now = clock.now().wall;
    // A queued delivery was woken to fill a place and asks the table. A new one trusts the memory that active is full.
    const trustsMemory = state !== 'queued';
    const isTaken = await this.#places.take(destination, {
      limit: activeLimit(parameters),
      now,
      trustsMemory,
      log,
    });
    return isTaken ? 'active' : 'queued';
  }

  /** Returns the message group of a delivery: one of as many slots as the concurrency window has. */
  async group(item: DeliveryItem, context: SchedulerContext): Promise<string> {
    const unit = unitOf(item);
    const record = await this.#view(unit, context);
    const slots = openSlots(record, context.parameters, context.clock.now().wall);
    return messageGroup(context.transport, unit, `${item.id}/${item.delivery}`, slots);
  }

  /** Gives back the place of a delivery that left active; {@link flushPlaces} writes it. */
  giveBackPlace({ destination }: Pick<DeliveryItem, 'destination'>): void {
    this.#places.giveBack(destination);
  }

  /** Writes the places given back. Returns the places that each destination has then. */
  async flushPlaces({ log }: Pick<SchedulerContext, 'log'>): Promise<ReadonlyMap<string, Places>> {
    return await this.#places.flush(log);
  }

  /**
   * Records that deliveries wait for a place, so that a delivery leaving active wakes them. Call it after they were
   * written.
   *
   * @returns whether a delivery in active will give a place back. False: active was empty before the note was written,
   *   so no delivery reads it. If the table cannot be read, the answer is true, and the sweep finds the waiting
   *   deliveries.
   */
  async recordBacklog(destination: string, { clock, log }: SchedulerContext): Promise<boolean> {
    const now = clock.now().wall;
    try {
      if (now - (this.#backlogNoted.get(destination) ?? Number.NEGATIVE_INFINITY) >= backlogInterval) {
        await this.#destinations.recordBacklog(destination, now);
        this.#backlogNoted.set(destination, now);
      }
      // Read after the note: a delivery that is still in active now sees the note when it leaves.
      const { active } = await this.#destinations.read(destination);
      return active > 0;
    } catch (error) {
      log.note('warn', 'waiting deliveries not noted', { destination, error });
      return true;
    }
  }

  /** Returns the record of a destination, at most a few seconds old. */
  async #view(name: string, context: Pick<SchedulerContext, 'clock' | 'log'>): Promise<DestinationRecord> {
    return this.#recent(name, context) ?? (await this.#look(name, context));
  }

  /** Returns the record; reads it anew if no delivery has succeeded recently. */
  async #freshView(name: string, context: SchedulerContext): Promise<DestinationRecord> {
    const recent = this.#recent(name, context);
    const now = context.clock.now().wall;
    if (recent !== undefined && !isUnproven(recent, context.parameters, now)) return recent;
    return await this.#look(name, context);
  }

  #recent(name: string, { clock }: Pick<SchedulerContext, 'clock'>): DestinationRecord | undefined {
    const now = clock.now().wall;
    const known = this.#known.get(name);
    return known !== undefined && now - known.at < freshness && now >= known.at ? known.record : undefined;
  }

  /** Reads the record from the table; if that fails, returns the cached one. */
  async #look(name: string, { clock, log }: Pick<SchedulerContext, 'clock' | 'log'>): Promise<DestinationRecord> {
    const now = clock.now().wall;
    try {
      const record = await this.#destinations.read(name);
      const { faults } = record;
      if (faults !== undefined)
        log.note('warn', 'record of the destination is malformed', { destination: name, faults });
      return this.#remember(record, now);
    } catch (error) {
      log.note('warn', 'record of the destination not read', { destination: name, error });
      return this.#remember(this.#known.get(name)?.record ?? emptyRecord(name), now);
    }
  }

  /** Writes an entry; undefined if another process wrote meanwhile. */
  async #enter(
    { record, probe, isProbing, otherwise }: Entry,
    context: SchedulerContext,
  ): Promise<Permission | undefined> {
    const { clock, log } = context;
    const { name: destination } = record;
    try {
      if (!(await this.#destinations.write(record))) return undefined;
      this.#remember({ ...record, revision: record.revision + 1 }, clock.now().wall);
    } catch (error) {
      log.note('warn', 'probe not written down', { destination, error });
      return otherwise;
    }
    if (isProbing) log.note('info', 'one delivery finds out whether the destination is alive', { destination });
    return { kind: 'go', probe };
  }

  #remember(record: DestinationRecord, at: number): DestinationRecord {
    // The map is ordered by last use, and the first record is evicted first.
    this.#known.delete(record.name);
    this.#known.set(record.name, { at, record });
    const [oldest] = this.#known.keys();
    if (oldest !== undefined && this.#known.size > mostKnown) this.#known.delete(oldest);
    return record;
  }
}

/** Permission that depends on a write: the delivery must be listed as under way. */
interface Entry {
  readonly kind: 'entry';
  readonly probe: Probe;
  /** The record with the entry. */
  readonly record: DestinationRecord;
  /** Whether the delivery probes a destination that is, or may be, dead. */
  readonly isProbing: boolean;
  /** The permission if the entry cannot be written. */
  readonly otherwise: Permission;
}

/** Decides about a delivery by a record. Pure, except for the random token of an entry. */
function decide(
  item: DeliveryItem,
  record: DestinationRecord,
  leaseEnds: number,
  { parameters, clock }: SchedulerContext,
): Permission | Entry {
  const now = clock.now().wall;
  if (record.suspension !== undefined) return decideSuspended(record, record.suspension, leaseEnds, now);
  const doubted = isDoubted(record, parameters, now);
  if (doubted) {
    const wait = waitInDoubt(item, record, parameters, now);
    if (wait !== undefined) return wait;
  } else {
    if (slotOfGroup(item) >= openSlots(record, parameters, now)) return { kind: 'wait', until: now + putBackTime };
    if (!isListed(item, record, parameters, now)) return { kind: 'go' };
  }
  const probe = newTrial(now, leaseEnds);
  return {
    kind: 'entry',
    probe,
    record: withTrial(record, probe),
    isProbing: doubted,
    otherwise: doubted ? { kind: 'wait', until: now + putBackTime } : { kind: 'go' },
  };
}

function decideSuspended(
  record: DestinationRecord,
  { until, dsn: status, why: text }: Suspension,
  leaseEnds: number,
  now: number,
): Permission | Entry {
  const suspended = { kind: 'suspended', failure: { status, text } } as const;
  if (now < until || (record.probe !== undefined && now < record.probe.until)) return suspended;
  const probe: Probe = { token: crypto.randomUUID(), until: leaseEnds };
  return { kind: 'entry', probe, record: { ...record, probe }, isProbing: true, otherwise: suspended };
}

/**
 * Undefined if one more delivery may begin while the destination is in doubt. At most as many are under way as must
 * fail for a suspension.
 */
function waitInDoubt(
  { mailbox }: DeliveryItem,
  record: DestinationRecord,
  parameters: SchedulerContext['parameters'],
  now: number,
): Permission | undefined {
  const unlisted = mailbox === undefined ? 0 : unlistedEnd(record, parameters, now);
  if (now < unlisted) return { kind: 'wait', until: unlisted };
  const isFull = trialsUnderWay(record, now).length >= trialLimit(record, parameters, now);
  return isFull ? { kind: 'wait', until: trialsEnd(record, parameters, now) } : undefined;
}

/**
 * Whether a delivery is listed in the record while it is under way: if no delivery has succeeded recently, and others
 * may be under way. A delivery that is alone, or goes to no server, costs no write.
 */
function isListed(
  { destination, mailbox }: DeliveryItem,
  record: DestinationRecord,
  parameters: SchedulerContext['parameters'],
  now: number,
): boolean {
  if (parameters.lmtp_destination_concurrency_failed_cohort_limit === 0) return false;
  if (mailbox !== undefined || record.active <= 1 || parseEnding(destination) !== undefined) return false;
  return isUnproven(record, parameters, now);
}

/** qmgr_message_active_limit, or enough to keep each slot busy for a while. */
export function activeLimit({
  qmgr_message_active_limit: limit,
  lmtp_destination_concurrency_limit: slots,
}: Pick<Services['parameters'], 'qmgr_message_active_limit' | 'lmtp_destination_concurrency_limit'>): number {
  return limit === 0 ? slots * 50 : limit;
}

function slotOfGroup({ group }: DeliveryItem): number {
  return Number(group.split('#').at(-1));
}

/** Whether more deliveries are ready than the window allows. For a mailbox, only the slot number shows that. */
function isWanted(item: DeliveryItem, record: DestinationRecord, slots: number): boolean {
  return item.mailbox === undefined ? record.active > slots : slotOfGroup(item) === slots - 1;
}

function logChange(before: DestinationRecord, after: DestinationRecord, log: SchedulerContext['log']): void {
  const destination = after.name;
  if (after.suspension !== undefined && after.suspension.until !== before.suspension?.until) {
    const { until, why, failures } = after.suspension;
    log.note('warn', 'destination suspended', { destination, why, failures, until: new Date(until).toISOString() });
  } else if (after.suspension === undefined && before.suspension !== undefined) {
    log.note('info', 'destination takes mail again', { destination });
  }
}
