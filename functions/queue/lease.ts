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
import type { Changes } from './ports.ts';
import type { Services } from './services.ts';

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
    // The invocation cannot outlive what is left of it, so neither can the lease be needed longer.
    const length = Math.max(0, Math.min(this.#deadline.left(), longestLease)) + reserve;
    const claim = { token: crypto.randomUUID(), until: at.wall + length };
    const moved = await ledger.move('claim', this.#item, { claim, due: claim.until + leaseMargin });
    if (moved.kind === 'behind') throw new ClaimedElsewhere();
    this.#taken = { at, length };
    this.#item = moved.item;
  }

  /** Whether the lease has not run out, by either clock. */
  mayGoOn(): boolean {
    return this.#taken !== undefined && elapsed(this.#taken.at, this.#services.clock.now()) < this.#taken.length;
  }

  /** Writes finished recipients down, and the events that follow. False where the claim is not, or no more, ours. */
  async progress({ recipients, pending = {} }: Pick<Changes, 'recipients' | 'pending'>): Promise<boolean> {
    if (!this.isClaimed || recipients === undefined) return false;
    const moved = await this.#services.ledger.move('progress', this.#item, { recipients, pending });
    if (moved.kind === 'moved') this.#item = moved.item;
    return moved.kind === 'moved';
  }
}

/** Milliseconds; no function runs longer. */
const longestLease = 900_000;
