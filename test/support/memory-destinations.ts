/**
 * Destination records in memory: for tests, and beside the memory ledger in one "table".
 *
 * Returned records are frozen, so that a record changes only by a write.
 */
import { type DestinationRecord, emptyRecord, type Places } from '../../functions/queue/items/destination-record.ts';
import { readRecord } from '../../functions/queue/items/parse-destination-record.ts';
import type { Destinations } from '../../functions/queue/items/ports.ts';

/** Destination records that end with their process. */
export class MemoryDestinations implements Destinations {
  readonly #records = new Map<string, DestinationRecord>();

  /** Everything that was ever written or counted. */
  get records(): readonly DestinationRecord[] {
    return [...this.#records.values()];
  }

  async read(name: string): Promise<DestinationRecord> {
    return this.#find(name);
  }

  async write(record: DestinationRecord): Promise<boolean> {
    const { active, backlog, revision } = this.#find(record.name);
    if (revision !== record.revision) return false;
    const { name, active: _, backlog: __, revision: ___, due, faults, ...known } = copy(record);
    // As a read from the table: a member that the parser does not read is lost here too.
    const read = readRecord(name, { active, backlog, due, known, revision: revision + 1 });
    if (read.faults !== undefined) throw new TypeError(`${name}: ${read.faults.join('; ')}`);
    this.#put(read);
    return true;
  }

  async occupy(name: string, places: number, limit: number): Promise<boolean> {
    const record = this.#find(name);
    if (record.active + places > limit) return false;
    this.#put({ ...record, active: record.active + places });
    return true;
  }

  async vacate(name: string, places: number): Promise<Places> {
    return await this.adjust(name, -places);
  }

  async adjust(name: string, difference: number): Promise<Places> {
    const record = this.#find(name);
    const { active, backlog } = this.#put({ ...record, active: Math.max(0, record.active + difference) });
    return backlog === undefined ? { active } : { active, backlog };
  }

  async recordBacklog(name: string, at: number): Promise<void> {
    this.#put({ ...this.#find(name), backlog: at });
  }

  async forgetBacklog(name: string, seen: number): Promise<void> {
    const { backlog, ...rest } = this.#find(name);
    if (backlog === seen) this.#put(rest);
  }

  async *list(): AsyncIterable<DestinationRecord> {
    yield* this.records.filter(({ revision }) => revision > 0);
  }

  #find(name: string): DestinationRecord {
    return this.#records.get(name) ?? frozen(emptyRecord(name));
  }

  #put(record: DestinationRecord): DestinationRecord {
    this.#records.set(record.name, frozen(record));
    return record;
  }
}

/** As a table returns it: without undefined members. */
function copy(record: DestinationRecord): DestinationRecord {
  return JSON.parse(JSON.stringify(record)) as DestinationRecord;
}

function frozen<T extends object>(value: T): T {
  if (Object.isFrozen(value)) return value;
  for (const member of Object.values(value)) if (typeof member === 'object' && member !== null) frozen(member);
  return Object.freeze(value);
}
