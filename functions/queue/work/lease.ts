/**
 * The claim on a delivery: taken by one conditional write before the first octet of content, and good until its lease ends.
 *
 * Until then nothing has left this machine that could be doubled, so the claim is tried once. After it, what is known is in memory
 * alone, so every move is repeated until the lease ends or the invocation has no time left. A worker past its lease sends nothing
 * more: by then the sweep may have given the delivery to another.
 */

import type { Gate } from '../../delivery/message.ts';
import type { Deadline } from '../../session/limit.ts';
import { elapsed, type Moment } from '../../time/clock.ts';
import type { DeliveryItem } from '../items/item.ts';
import { closingTime, leaseMargin, shortestReserve } from '../items/policy.ts';
import type { Changes, Moved } from '../items/ports.ts';
import type { TransitionName } from '../items/states.ts';
import type { Services } from '../writes/services.ts';
import type { Persistence } from '../writes/table-writes.ts';

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
  #isContentBegun = false;

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

  /** Whether the claim was made and no content was begun: then the delivery can go back as if nothing had happened. */
  get isUntouched(): boolean {
    return this.isClaimed && !this.#isContentBegun;
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
   * Waits for the claim, which is made once; the next host of the same attempt goes on with it. While the table refuses this
   * container's writes no content is begun: what would come of it could not be written down either.
   *
   * @throws ClaimedElsewhere
   * @throws what the table says where it refuses the claim, or every write until nothing is left of the deadline
   */
  async admit(): Promise<void> {
    this.prepare();
    await this.#claiming;
    if (!this.#isContentBegun && this.#services.writes.areRefused) await this.#awaitWrites();
    this.#isContentBegun = true;
  }

  /** Waits until a write that changes nothing is taken. */
  async #awaitWrites(): Promise<void> {
    const moved = await this.#decided(() => ['progress', {}], { left: () => this.#deadline.left() });
    if (moved.kind === 'behind') throw new ClaimedElsewhere();
  }

  /** Waits until a claim that was begun is made: only then is it known how the item is to be moved on. */
  async conclude(): Promise<void> {
    await this.#claiming;
  }

  async #claim(): Promise<void> {
    const { clock, ledger, writes } = this.#services;
    const at = clock.now();
    const length = this.#length();
    const claim = { token: crypto.randomUUID(), until: at.wall + length };
    const changes = { claim, due: claim.until + leaseMargin };
    const moved = await writes.once(() => ledger.move('claim', this.#item, changes));
    if (moved.kind === 'behind') throw new ClaimedElsewhere();
    this.#taken = { at, length };
    this.#item = moved.item;
  }

  /** The invocation cannot outlive what is left of it, so neither can the lease be needed longer. Milliseconds. */
  #length(): number {
    return Math.min(Math.max(0, this.#deadline.left()) + this.#reserve, longestLease);
  }

  get #reserve(): number {
    return this.#deadline.reserve ?? shortestReserve;
  }

  /** Whether content may be sent: the lease has not run out, and the time that is kept for writing has not begun. */
  mayGoOn(): boolean {
    return this.#left() > 0 && this.#deadline.left() > 0;
  }

  /** Milliseconds left of the lease, by the clock that counted more; negative where there is none. */
  #left(): number {
    if (this.#taken === undefined) return Number.NEGATIVE_INFINITY;
    return this.#taken.length - elapsed(this.#taken.at, this.#services.clock.now());
  }

  /** Milliseconds in which a write may still be tried: neither the lease nor the invocation may end meanwhile. */
  #leftForWrites(): number {
    return Math.min(this.#left(), this.#deadline.left() + this.#reserve) - closingTime;
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

  /**
   * Writes finished recipients down, and the events that follow. False where the claim is not, or no more, ours.
   *
   * @param superseded aborted: the settlement is about to say all of it
   * @throws what the table says where it refused it to the end, or until it was superseded
   */
  async progress(
    changesOf: (item: DeliveryItem) => Pick<Changes, 'recipients' | 'pending'>,
    superseded?: AbortSignal,
  ): Promise<boolean> {
    if (!this.isClaimed) return false;
    const moved = await this.#decided((item) => ['progress', changesOf(item)], {
      left: () => this.#leftForWrites(),
      ...(superseded === undefined ? {} : { superseded }),
    });
    return moved.kind === 'moved';
  }

  /**
   * Moves the item on from what it is now, with what was written on it meanwhile.
   *
   * @throws what the table says: before the claim as soon as it refuses, after it when no time is left for another try
   */
  async move(decide: Decide): Promise<Moved> {
    return await this.#decided(decide, { left: () => this.#leftForWrites() });
  }

  async #decided(decide: Decide, limits: Pick<Persistence, 'left' | 'superseded'>): Promise<Moved> {
    for (;;) {
      const [transition, changes] = decide(this.#item);
      const moved = await this.#write(transition, changes, limits);
      if (moved.kind === 'moved') this.#item = moved.item;
      else if (this.adopt(moved.item)) continue;
      return moved;
    }
  }

  /** Each try bears the same mark: an earlier one whose answer was lost is then known for our own. */
  async #write(
    transition: TransitionName,
    changes: Changes,
    limits: Pick<Persistence, 'left' | 'superseded'>,
  ): Promise<Moved> {
    const { ledger, writes } = this.#services;
    const item = this.#item;
    if (!this.isClaimed) return await writes.once(() => ledger.move(transition, item, changes));
    const by = crypto.randomUUID();
    const onRefused = (error: unknown) => this.#noteRefused(transition, error);
    return await writes.repeat(() => ledger.move(transition, item, changes, by), { ...limits, onRefused });
  }

  #noteRefused(transition: TransitionName, error: unknown): void {
    const { id, delivery } = this.#item;
    this.#services.log.note('warn', 'write refused; it is repeated', { id, delivery, transition, error });
  }
}

/** What becomes of an item as it is now. */
type Decide = (item: DeliveryItem) => readonly [TransitionName, Changes];

/** Milliseconds; no function runs longer. */
const longestLease = 900_000;
