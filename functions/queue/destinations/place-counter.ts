/**
 * Places in active: how many deliveries to one destination may be in active at once (qmgr_message_active_limit). The
 * others wait in the table, so that a slow destination does not fill the queue that all destinations share.
 *
 * The table holds the count. To save writes, requests that arrive during a write are combined into the next one, and a
 * batch gives its places back in one write.
 */

import type { Log } from '../../log/log.ts';
import type { Places } from '../items/destination-record.ts';
import type { Destinations } from '../items/ports.ts';

/** Milliseconds for which active is assumed to be full after it was found full. */
const fullMemory = 1000;

/** The places of one destination, as this process knows them. */
interface Account {
  /** Callers that wait for an answer. */
  callers: ((isTaken: boolean) => void)[];
  isWriting: boolean;
  /** Milliseconds since 1970. */
  fullUntil: number;
  /** Places to be given back. */
  owed: number;
}

/** A request for a place. */
export interface PlaceRequest {
  readonly limit: number;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Whether active is assumed to be still full if it was a moment ago. */
  readonly trustsMemory: boolean;
  readonly log: Log;
}

/** Counts places for one process. */
export class PlaceCounter {
  readonly #destinations: Destinations;
  readonly #accounts = new Map<string, Account>();

  constructor(destinations: Destinations) {
    this.#destinations = destinations;
  }

  /** Takes a place; false if none is free. Returns true if the table cannot be reached: no mail waits for a count. */
  async take(destination: string, request: PlaceRequest): Promise<boolean> {
    const { now, trustsMemory } = request;
    const account = this.#account(destination);
    if (trustsMemory && now < account.fullUntil) return false;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    account.callers.push(resolve);
    if (!account.isWriting) await this.#answerAll(destination, account, request);
    return await promise;
  }

  /** Gives places back in memory; {@link flush} writes them. */
  giveBack(destination: string, places = 1): void {
    this.#account(destination).owed += places;
  }

  /** Writes the places given back. Returns the places that each destination has then. */
  async flush(log: Log): Promise<ReadonlyMap<string, Places>> {
    const owing = [...this.#accounts].filter(([, { owed }]) => owed > 0);
    const flushed = await Promise.all(
      owing.map(async ([destination, account]) => {
        const places = account.owed;
        account.owed = 0;
        try {
          return [[destination, await this.#destinations.vacate(destination, places)] as const];
        } catch (error) {
          // The sweep counts again for destinations with waiting deliveries.
          log.note('warn', 'places in active not given back', { destination, places, error });
          return [];
        }
      }),
    );
    return new Map(flushed.flat());
  }

  async #answerAll(destination: string, account: Account, { limit, now, log }: PlaceRequest): Promise<void> {
    account.isWriting = true;
    while (account.callers.length > 0) {
      const { callers } = account;
      account.callers = [];
      const taken = await this.#occupy(destination, callers.length, limit, log);
      if (taken < callers.length) account.fullUntil = now + fullMemory;
      for (const [index, answer] of callers.entries()) answer(index < taken);
    }
    account.isWriting = false;
  }

  /** Takes as many places as are free, up to `wanted`. */
  async #occupy(destination: string, wanted: number, limit: number, log: Log): Promise<number> {
    try {
      for (let places = wanted; places >= 1; places = Math.floor(places / 2)) {
        if (await this.#destinations.occupy(destination, places, limit)) return places;
      }
      return 0;
    } catch (error) {
      log.note('warn', 'places in active not counted', { destination, error });
      return wanted;
    }
  }

  #account(destination: string): Account {
    const known = this.#accounts.get(destination);
    if (known !== undefined) return known;
    const account: Account = { callers: [], isWriting: false, fullUntil: 0, owed: 0 };
    this.#accounts.set(destination, account);
    return account;
  }
}
