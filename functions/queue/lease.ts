/**
 * The claim on a delivery: taken by one conditional write before the first octet of content, and good until its lease ends.
 *
 * Until then nothing has left this machine that could be doubled. A worker past its lease sends nothing more: by then the
 * sweep may have given the delivery to another.
 */

import type { Gate } from '../delivery/message.ts';
import { elapsed, type Moment } from '../session/clock.ts';
import type { Deadline } from '../session/limit.ts';
import type { DeliveryItem } from './item.ts';
import { leaseMargin, reserve } from './policy.ts';
import type { Changes, Moved } from './ports.ts';
import type { Services } from './services.ts';
import type { TransitionName } from './states.ts';

/** The delivery is somebody else's. */
export class ClaimedElsewhere extends Error {
  override readonly name = 'ClaimedElsewhere';
}

/** The claim of one worker on one item. */
export class Lease implements Gate {
  readonly #services: Services;
  readonly #deadline: Deadline;
  #item: DeliveryItem;
  #claiming: Promise<void> | undefined;
  #taken: { readonly at: Moment; readonly length: number } | undefined;

  constructor(item: DeliveryItem, services: Services, deadline: Deadline) {
    this.#item = item;
    this.#services = services;
    this.#deadline = deadline;
  }

  /** The item as this worker last wrote or read it. */
  get item(): DeliveryItem {
    return this.#item;
  }

  /** Whether the claim was made: from then on the item is moved by its token. */
  get isClaimed(): boolean {
    return this.#taken !== undefined;
  }

  /** When a lease that was taken now would be over for the sweep too, milliseconds since 1970. */
  get latestEnd(): number {
    return this.#services.clock.now().wall + this.#length() + leaseMargin;
  }

  /** Begins to make the claim, while MAIL and RCPT are under way. */
  prepare(): void {
    this.#claiming ??= this.#claim();
    // Whoever needs the claim hears of its failure in admit(); nobody may ever need it.
    this.#claiming.catch(() => {});
  }

  /**
   * Waits for the claim, which is made once; the next host of the same attempt goes on with it.
   *
   * @throws ClaimedElsewhere
   */
  async admit(): Promise<void> {
    this.prepare();
    await this.#claiming;
  }

  /** Waits until a claim that was begun is made: only then is it known how the item is to be moved on. */
  async conclude(): Promise<void> {
    await this.#claiming;
  }

  async #claim(): Promise<void> {
    const { clock, ledger } = this.#services;
    const at = clock.now();
    const length = this.#length();
    const claim = { token: crypto.randomUUID(), until: at.wall + length };
    const moved = await ledger.move('claim', this.#item, { claim, due: claim.until + leaseMargin });
    if (moved.kind === 'behind') throw new ClaimedElsewhere();
    this.#taken = { at, length };
    this.#item = moved.item;
  }

  /** The invocation cannot outlive what is left of it, so neither can the lease be needed longer. Milliseconds. */
  #length(): number {
    return Math.max(0, Math.min(this.#deadline.left(), longestLease)) + reserve;
  }

  /** Whether the lease has not run out, by either clock. */
  mayGoOn(): boolean {
    return this.#taken !== undefined && elapsed(this.#taken.at, this.#services.clock.now()) < this.#taken.length;
  }

  /**
   * Takes notice of what others wrote on the item, if it is still ours: an operator may ask for a hold, or a removal, while
   * it is being delivered. False: it is somebody else's.
   */
  adopt(item: DeliveryItem | undefined): boolean {
    const token = this.#item.claim?.token;
    if (token === undefined || item?.state !== 'delivering' || item.claim?.token !== token) return false;
    this.#item = item;
    return true;
  }

  /** Writes finished recipients down, and the events that follow. False where the claim is not, or no more, ours. */
  async progress(changesOf: (item: DeliveryItem) => Pick<Changes, 'recipients' | 'pending'>): Promise<boolean> {
    if (!this.isClaimed) return false;
    const moved = await this.move((item) => ['progress', changesOf(item)]);
    return moved.kind === 'moved';
  }

  /** Moves the item on from what it is now, with what was written on it meanwhile. */
  async move(decide: (item: DeliveryItem) => readonly [TransitionName, Changes]): Promise<Moved> {
    for (;;) {
      const [transition, changes] = decide(this.#item);
      const moved = await this.#services.ledger.move(transition, this.#item, changes);
      if (moved.kind === 'moved') this.#item = moved.item;
      else if (this.adopt(moved.item)) continue;
      return moved;
    }
  }
}

/** Milliseconds; no function runs longer. */
const longestLease = 900_000;
