/**
 * Places in active: how many deliveries to one destination may lie there at once (qmgr_message_active_limit). The rest waits
 * in the table, so that a slow destination does not fill the queue that all share.
 *
 * The count is kept in the table, in as few writes as may be: whoever asks while a write is under way is asked for together
 * with the others by the next one, and what is given back is given back once for a whole batch.
 */

import type { Log } from '../../log/log.ts';
import type { Places } from '../items/destination-record.ts';
import type { Destinations } from '../items/ports.ts';

/** Milliseconds for which active is taken for full once it was. */
const fullMemory = 1000;

/** The places at one destination, as one process knows them. */
interface Account {
  /** Who waits for an answer. */
  asking: ((isTaken: boolean) => void)[];
  isWriting: boolean;
  /** Milliseconds since 1970. */
  fullUntil: number;
  /** Places to be given back. */
  owed: number;
}

/** How a place is asked for. */
export interface Asking {
  readonly limit: number;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Whether what was full a moment ago is taken for full still. */
  readonly trusts: boolean;
  readonly log: Log;
}

/** Counts places for one process. */
export class PlaceCounter {
  readonly #destinations: Destinations;
  readonly #accounts = new Map<string, Account>();

  constructor(destinations: Destinations) {
    this.#destinations = destinations;
  }

  /** Takes a place, or says that there is none. Where the table cannot be reached there is: no mail waits for a count. */
  async take(destination: string, asking: Asking): Promise<boolean> {
    const { now, trusts } = asking;
    const account = this.#account(destination);
    if (trusts && now < account.fullUntil) return false;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    account.asking.push(resolve);
    if (!account.isWriting) await this.#answerAll(destination, account, asking);
    return await promise;
  }

  /** Notes that a place is free again; {@link settle} writes it down. */
  giveBack(destination: string, places = 1): void {
    this.#account(destination).owed += places;
  }

  /** Writes down what was given back; what the table says then, by destination. */
  async settle(log: Log): Promise<ReadonlyMap<string, Places>> {
    const owing = [...this.#accounts].filter(([, { owed }]) => owed > 0);
    const settled = await Promise.all(
      owing.map(async ([destination, account]) => {
        const places = account.owed;
        account.owed = 0;
        try {
          return [[destination, await this.#destinations.vacate(destination, places)] as const];
        } catch (error) {
          // The sweep counts again where deliveries wait.
          log.note('warn', 'places in active not given back', { destination, places, error });
          return [];
        }
      }),
    );
    return new Map(settled.flat());
  }

  async #answerAll(destination: string, account: Account, { limit, now, log }: Asking): Promise<void> {
    account.isWriting = true;
    while (account.asking.length > 0) {
      const { asking } = account;
      account.asking = [];
      const taken = await this.#occupy(destination, asking.length, limit, log);
      if (taken < asking.length) account.fullUntil = now + fullMemory;
      for (const [index, answer] of asking.entries()) answer(index < taken);
    }
    account.isWriting = false;
  }

  /** As many places as there are, up to a number. */
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
    const account: Account = { asking: [], isWriting: false, fullUntil: 0, owed: 0 };
    this.#accounts.set(destination, account);
    return account;
  }
}
