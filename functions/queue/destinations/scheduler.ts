/**
 * What may be sent where, and when: holds, suspensions, windows and places of destinations, as all containers share them
 * through the table.
 *
 * It spares trouble and paces. Where its records cannot be read or written, mail goes on as if there were none.
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
  afterNothing,
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
  /** As the one that finds out, where there is a probe. */
  | { readonly kind: 'go'; readonly probe?: Probe }
  /** Its destination is held. */
  | { readonly kind: 'held' }
  /** Its destination is taken for dead. */
  | { readonly kind: 'suspended'; readonly failure: Failure }
  /** Not now: its destination gets fewer at once. */
  | { readonly kind: 'wait'; readonly until: number };

/** What a delivery that ended says of its destination. */
export type Experience =
  | { readonly kind: 'success' }
  | { readonly kind: 'failure'; readonly failure: Failure }
  | { readonly kind: 'nothing' };

/** What the scheduler needs of its surroundings. */
export type Surroundings = Pick<Services, 'parameters' | 'clock' | 'log' | 'transport'>;

/** Milliseconds for which a container believes what it read. */
const freshness = 3000;

/** Records that a container keeps: each mailbox may be a destination of its own. */
const mostKnown = 1000;

/** Milliseconds for which a delivery is put back that its destination does not take now. */
const putBackTime = 15_000;

/** How often a delivery tries to be written down as under way: others write to the record at the same time. */
const entries = 8;

/** Milliseconds between two notes of the same process that deliveries wait for places. */
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

  /** Whether a delivery may begin. `leaseEnds`: when its worker is taken for dead, milliseconds since 1970. */
  async permit(item: DeliveryItem, leaseEnds: number, surroundings: Surroundings): Promise<Permission> {
    const unit = unitOf(item);
    const first = await this.#freshView(unit, surroundings);
    const { holds } = item.mailbox === undefined ? first : await this.#view(item.destination, surroundings);
    if (holds.length > 0) return { kind: 'held' };
    let decision = decide(item, first, leaseEnds, surroundings);
    for (let n = 1; decision.kind === 'entry' && n < entries; n += 1) {
      const permission = await this.#enter(decision, surroundings);
      if (permission !== undefined) return permission;
      // Somebody else has written: whatever that was may decide otherwise.
      decision = decide(item, await this.#look(unit, surroundings), leaseEnds, surroundings);
    }
    return decision.kind === 'entry' ? decision.otherwise : decision;
  }

  /** Notes how a delivery went. */
  async conclude(
    item: DeliveryItem,
    experience: Experience,
    { probe }: { readonly probe?: Probe },
    surroundings: Surroundings,
  ): Promise<void> {
    const { parameters, clock, log } = surroundings;
    const now = clock.now().wall;
    const unit = unitOf(item);
    const report: Report = probe === undefined ? { now } : { now, probe };
    const after = (record: DestinationRecord) => {
      if (experience.kind === 'failure') return afterFailure(record, parameters, report, experience.failure);
      if (experience.kind === 'nothing') return afterNothing(record, report);
      return afterSuccess(record, parameters, report, isWanted(item, record, openSlots(record, parameters, now)));
    };
    // Most deliveries change nothing, and what is known tells that.
    const known = this.#known.get(unit)?.record ?? emptyRecord(unit);
    if (probe === undefined && experience.kind !== 'failure' && after(known) === undefined) return;
    try {
      const { record, isChanged } = await changeDestination(this.#destinations, unit, after);
      this.#remember(record, now);
      if (isChanged) noteChange(known, record, log);
    } catch (error) {
      const changed = after(known);
      if (changed !== undefined) this.#remember(changed, now);
      log.note('warn', 'record of the destination not written; only this container knows', {
        destination: unit,
        error,
      });
    }
  }

  /** Where a delivery goes that is to be delivered now: held with its destination, into active, or behind those that wait. */
  async place(
    { destination, state }: Pick<DeliveryItem, 'destination' | 'state'>,
    surroundings: Surroundings,
  ): Promise<'held' | 'active' | 'queued'> {
    const { parameters, clock, log } = surroundings;
    if ((await this.#view(destination, surroundings)).holds.length > 0) return 'held';
    const now = clock.now().wall;
    // What was woken to fill a place asks for it; whatever comes new need not, where there was none a moment ago.
    const trusts = state !== 'queued';
    const isTaken = await this.#places.take(destination, { limit: activeLimit(parameters), now, trusts, log });
    return isTaken ? 'active' : 'queued';
  }

  /** The message group that a delivery gets now: one of as many slots as its destination is trusted with. */
  async group(item: DeliveryItem, surroundings: Surroundings): Promise<string> {
    const unit = unitOf(item);
    const record = await this.#view(unit, surroundings);
    const slots = openSlots(record, surroundings.parameters, surroundings.clock.now().wall);
    return messageGroup(surroundings.transport, unit, `${item.id}/${item.delivery}`, slots);
  }

  /** Notes that a delivery is in active no more; {@link settle} writes it down. */
  leave({ destination }: Pick<DeliveryItem, 'destination'>): void {
    this.#places.giveBack(destination);
  }

  /** Writes down which places were given back; what the table says of them then, by destination. */
  async settle({ log }: Pick<Surroundings, 'log'>): Promise<ReadonlyMap<string, Places>> {
    return await this.#places.settle(log);
  }

  /**
   * Notes that deliveries wait for a place, so that whoever gives one back wakes them. After they were put down.
   *
   * @returns whether somebody is in active who will give a place back; false: all were gone before this was noted, and nobody
   *          looks who waits. Where the table cannot be asked that is not known, and the answer is true: the sweep finds them.
   */
  async noteBacklog(destination: string, { clock, log }: Surroundings): Promise<boolean> {
    const now = clock.now().wall;
    try {
      if (now - (this.#backlogNoted.get(destination) ?? Number.NEGATIVE_INFINITY) >= backlogInterval) {
        await this.#destinations.noteBacklog(destination, now);
        this.#backlogNoted.set(destination, now);
      }
      // Asked each time, and after the note: whoever is still in active then sees it when it goes.
      const { active } = await this.#destinations.read(destination);
      return active > 0;
    } catch (error) {
      log.note('warn', 'waiting deliveries not noted', { destination, error });
      return true;
    }
  }

  /** What is known of a destination; a few seconds old at most. */
  async #view(name: string, surroundings: Pick<Surroundings, 'clock' | 'log'>): Promise<DestinationRecord> {
    return this.#recent(name, surroundings) ?? (await this.#look(name, surroundings));
  }

  /** The same, as it is at this moment, where nothing has succeeded of late. */
  async #freshView(name: string, surroundings: Surroundings): Promise<DestinationRecord> {
    const recent = this.#recent(name, surroundings);
    const now = surroundings.clock.now().wall;
    if (recent !== undefined && !isUnproven(recent, surroundings.parameters, now)) return recent;
    return await this.#look(name, surroundings);
  }

  #recent(name: string, { clock }: Pick<Surroundings, 'clock'>): DestinationRecord | undefined {
    const now = clock.now().wall;
    const known = this.#known.get(name);
    return known !== undefined && now - known.at < freshness && now >= known.at ? known.record : undefined;
  }

  /** What the table says; where it cannot be asked, what was known before. */
  async #look(name: string, { clock, log }: Pick<Surroundings, 'clock' | 'log'>): Promise<DestinationRecord> {
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

  /** Writes an entry down; undefined where somebody else has written meanwhile. */
  async #enter(
    { record, probe, isAsked, otherwise }: Entry,
    surroundings: Surroundings,
  ): Promise<Permission | undefined> {
    const { clock, log } = surroundings;
    const { name: destination } = record;
    try {
      if (!(await this.#destinations.write(record))) return undefined;
      this.#remember({ ...record, revision: record.revision + 1 }, clock.now().wall);
    } catch (error) {
      log.note('warn', 'probe not written down', { destination, error });
      return otherwise;
    }
    if (isAsked) log.note('info', 'one delivery finds out whether the destination is alive', { destination });
    return { kind: 'go', probe };
  }

  #remember(record: DestinationRecord, at: number): DestinationRecord {
    // What was looked at last is behind the others, and the first is the first to go.
    this.#known.delete(record.name);
    this.#known.set(record.name, { at, record });
    const [oldest] = this.#known.keys();
    if (oldest !== undefined && this.#known.size > mostKnown) this.#known.delete(oldest);
    return record;
  }
}

/** A delivery may begin as soon as it is written down that it is under way. */
interface Entry {
  readonly kind: 'entry';
  readonly probe: Probe;
  /** The record with it. */
  readonly record: DestinationRecord;
  /** Whether it is to find out about a destination that is dead, or may be. */
  readonly isAsked: boolean;
  /** What is permitted where that cannot be written. */
  readonly otherwise: Permission;
}

/** What a record says to a delivery that wants to begin. Pure, but for the token of an entry. */
function decide(
  item: DeliveryItem,
  record: DestinationRecord,
  leaseEnds: number,
  { parameters, clock }: Surroundings,
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
    isAsked: doubted,
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
  return { kind: 'entry', probe, record: { ...record, probe }, isAsked: true, otherwise: suspended };
}

/** In doubt no more deliveries are under way than must fail until it is decided. Undefined: one more may begin. */
function waitInDoubt(
  { mailbox }: DeliveryItem,
  record: DestinationRecord,
  parameters: Surroundings['parameters'],
  now: number,
): Permission | undefined {
  const unlisted = mailbox === undefined ? 0 : unlistedEnd(record, parameters, now);
  if (now < unlisted) return { kind: 'wait', until: unlisted };
  const isFull = trialsUnderWay(record, now).length >= trialLimit(record, parameters, now);
  return isFull ? { kind: 'wait', until: trialsEnd(record, parameters, now) } : undefined;
}

/**
 * Whether a delivery is listed in the record while it is under way: where nothing has succeeded of late, and others may be under
 * way beside it. One that is alone costs no write; nor does what goes to no server.
 */
function isListed(
  { destination, mailbox }: DeliveryItem,
  record: DestinationRecord,
  parameters: Surroundings['parameters'],
  now: number,
): boolean {
  if (parameters.lmtp_destination_concurrency_failed_cohort_limit === 0) return false;
  if (mailbox !== undefined || record.active <= 1 || parseEnding(destination) !== undefined) return false;
  return isUnproven(record, parameters, now);
}

/** qmgr_message_active_limit, or as many as keep each slot busy for a while. */
export function activeLimit({
  qmgr_message_active_limit: limit,
  lmtp_destination_concurrency_limit: slots,
}: Pick<Services['parameters'], 'qmgr_message_active_limit' | 'lmtp_destination_concurrency_limit'>): number {
  return limit === 0 ? slots * 50 : limit;
}

function slotOfGroup({ group }: DeliveryItem): number {
  return Number(group.split('#').at(-1));
}

/** Whether more are ready than the window lets through; of a mailbox, only the slots show that. */
function isWanted(item: DeliveryItem, record: DestinationRecord, slots: number): boolean {
  return item.mailbox === undefined ? record.active > slots : slotOfGroup(item) === slots - 1;
}

function noteChange(before: DestinationRecord, after: DestinationRecord, log: Surroundings['log']): void {
  const destination = after.name;
  if (after.suspension !== undefined && after.suspension.until !== before.suspension?.until) {
    const { until, why, failures } = after.suspension;
    log.note('warn', 'destination suspended', { destination, why, failures, until: new Date(until).toISOString() });
  } else if (after.suspension === undefined && before.suspension !== undefined) {
    log.note('info', 'destination takes mail again', { destination });
  }
}
