/**
 * The claim on a delivery: made by one conditional write before the first octet of content, valid until its lease ends.
 *
 * Before the claim nothing has been sent that could be duplicated, so the claim is tried once. After it the verdicts
 * are only in memory, so each move is repeated until the lease ends or the invocation runs out of time. A worker sends
 * nothing after its lease: the sweep may have given the delivery to another worker.
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

/** Another worker has the delivery. */
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

  /** Whether the claim was made: from then on its token moves the item. */
  get isClaimed(): boolean {
    return this.#taken !== undefined;
  }

  /** Whether the claim was made and no content was sent: then the delivery can go back without an attempt. */
  get isUntouched(): boolean {
    return this.isClaimed && !this.#isContentBegun;
  }

  /** When the sweep would consider a lease expired that began now, milliseconds since 1970. */
  get latestEnd(): number {
    return this.#services.clock.now().wall + this.#length() + leaseMargin;
  }

  /** Begins the claim, while MAIL and RCPT are under way. */
  prepare(): void {
    this.#claiming ??= this.#claim();
    // admit() reports the failure; it may never be called.
    this.#claiming.catch(() => {});
  }

  /**
   * Waits for the claim, which is made once and also valid for the next host of the attempt. While the table refuses
   * this container's writes, no content is sent: its verdicts could not be written either.
   *
   * @throws ClaimedElsewhere
   * @throws the table's error if it refuses the claim, or refuses writes until the deadline
   */
  async admit(): Promise<void> {
    this.prepare();
    await this.#claiming;
    if (!this.#isContentBegun && this.#services.writes.areRefused) await this.#awaitWrites();
    this.#isContentBegun = true;
  }

  /** Waits until the table accepts a write that changes nothing. */
  async #awaitWrites(): Promise<void> {
    const moved = await this.#decided(() => ['progress', {}], { left: () => this.#deadline.left() });
    if (moved.kind === 'behind') throw new ClaimedElsewhere();
  }

  /** Waits for a claim that was begun: only then is the item's next transition known. */
  async awaitClaim(): Promise<void> {
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

  /** Milliseconds of the lease: the time left of the invocation, which the worker cannot outlive. */
  #length(): number {
    return Math.min(Math.max(0, this.#deadline.left()) + this.#reserve, longestLease);
  }

  get #reserve(): number {
    return this.#deadline.reserve ?? shortestReserve;
  }

  /** Whether content may be sent: the lease has not ended, and the time reserved for writes has not begun. */
  mayGoOn(): boolean {
    return this.#left() > 0 && this.#deadline.left() > 0;
  }

  /** Milliseconds left of the lease, by the faster clock; negative without a claim. */
  #left(): number {
    if (this.#taken === undefined) return Number.NEGATIVE_INFINITY;
    return this.#taken.length - elapsed(this.#taken.at, this.#services.clock.now());
  }

  /** Milliseconds in which a write may still be tried, before the lease or the invocation ends. */
  #leftForWrites(): number {
    return Math.min(this.#left(), this.#deadline.left() + this.#reserve) - closingTime;
  }

  /**
   * Adopts changes of the item, if this worker still has it: an operator may request a hold or a removal during the
   * delivery. False: another worker has it.
   */
  adopt(item: DeliveryItem | undefined): boolean {
    const token = this.#item.claim?.token;
    if (token === undefined || item?.state !== 'delivering' || item.claim?.token !== token) return false;
    this.#item = item;
    return true;
  }

  /**
   * Writes finished recipients and their events. False if this worker does not, or no longer, have the claim.
   *
   * @param superseded aborted: the settlement will contain everything
   * @throws the table's error if it refuses until the end, or until superseded
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
   * Moves the item, including changes that others wrote meanwhile.
   *
   * @throws the table's error: before the claim at the first refusal, after it when no time is left for another try
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

  /** All tries carry the same mark, so that an earlier try whose answer was lost is recognised. */
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

/** Decides the transition and changes for the current item. */
type Decide = (item: DeliveryItem) => readonly [TransitionName, Changes];

/** Milliseconds; no function runs longer. */
const longestLease = 900_000;
