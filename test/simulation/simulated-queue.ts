/**
 * Queues like those of SQS, in virtual time.
 *
 * Both deliver at least once: a received message is hidden until it is deleted, or until its visibility
 * time-out has passed. The standard queue delays messages, and now and then doubles one or returns a later
 * one first. The FIFO queue has groups: while a message of a group is in flight, no other receive returns one
 * of it, though a batch may contain several; a message that is sent twice within five minutes under one
 * deduplication id counts once; and one that was received too often goes to the dead letters.
 */
import type { Random } from './random.ts';
import type { VirtualTime } from './virtual-time.ts';

/** A message. */
export interface SimulatedMessage {
  readonly messageId: string;
  readonly body: string;
  /** Milliseconds since 1970. */
  readonly sent: number;
  /** FIFO queues have groups. */
  readonly group?: string;
  /** Receive count, where the queue counts. */
  readonly received?: number;
}

/** How often, from 0 to 1, a queue does what it may do. */
export interface QueueFaults {
  /** A message is delivered twice (standard queues). */
  readonly doubles?: number;
  /** A message is delivered before an older one (standard queues). */
  readonly reorders?: number;
  /** A message is never delivered. SQS loses nothing, but a sender may die before it sends. */
  readonly loses?: number;
}

export interface QueueOptions {
  readonly time: VirtualTime;
  readonly random: Random;
  /** Milliseconds. */
  readonly visibilityTimeout: number;
  readonly mischief?: QueueFaults;
}

/** The interface that an event source uses. */
export interface SimulatedQueue {
  /** Whether there is something to receive. */
  readonly hasReady: boolean;
  /** Messages in the queue: ready, delayed, hidden. */
  readonly size: number;
  /** Called when there is something to receive. */
  onReady: () => void;
  /** Receives up to `most` messages; they are hidden then. */
  receive(most: number): readonly SimulatedMessage[];
  delete(message: SimulatedMessage): void;
  /** Makes an undeleted message visible again: when its time-out has passed, or after so many milliseconds. */
  makeVisible(message: SimulatedMessage, after?: number): void;
}

/** Most milliseconds by which a doubled or a late message is late. */
const lateness = 2000;

/** Precision of delays in milliseconds. */
const precision = 1000;

/** A standard queue. */
export class StandardQueue implements SimulatedQueue {
  onReady: () => void = () => {};
  readonly #options: QueueOptions;
  /** From `#first` on. */
  #ready: SimulatedMessage[] = [];
  #first = 0;
  /** Messages that become visible together, by their time. */
  readonly #delayed = new Map<number, SimulatedMessage[]>();
  /** When received messages become visible again. */
  readonly #hidden = new Map<SimulatedMessage, number>();
  #sent = 0;
  #size = 0;

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  get hasReady(): boolean {
    return this.#first < this.#ready.length;
  }

  get size(): number {
    return this.#size;
  }

  /** Sends a message that arrives after `delay` milliseconds. */
  send(body: string, delay = 0): void {
    const { time, random, mischief = {} } = this.#options;
    if (random.chance(mischief.loses ?? 0)) return;
    this.#sent += 1;
    const message = { messageId: `message ${this.#sent}`, body, sent: time.wall };
    this.#show(message, time.wall + delay);
    if (random.chance(mischief.doubles ?? 0)) this.#show({ ...message }, time.wall + delay + random.whole(0, lateness));
  }

  receive(most: number): readonly SimulatedMessage[] {
    const { time, random, visibilityTimeout, mischief = {} } = this.#options;
    const taken: SimulatedMessage[] = [];
    while (taken.length < most && this.hasReady) {
      if (random.chance(mischief.reorders ?? 0)) this.#swapFirst(random.whole(this.#first, this.#ready.length - 1));
      const message = this.#ready[this.#first];
      this.#first += 1;
      if (message === undefined) break;
      this.#hidden.set(message, time.wall + visibilityTimeout);
      taken.push(message);
    }
    if (this.#first > 1000) {
      this.#ready = this.#ready.slice(this.#first);
      this.#first = 0;
    }
    return taken;
  }

  delete(message: SimulatedMessage): void {
    if (this.#hidden.delete(message)) this.#size -= 1;
  }

  makeVisible(message: SimulatedMessage, after?: number): void {
    const { time } = this.#options;
    const until = this.#hidden.get(message);
    if (until === undefined) return;
    this.#hidden.delete(message);
    this.#size -= 1;
    this.#show(message, after === undefined ? until : time.wall + after);
  }

  #show(message: SimulatedMessage, at: number): void {
    const { time } = this.#options;
    this.#size += 1;
    if (at <= time.wall) {
      this.#ready.push(message);
      this.onReady();
      return;
    }
    const visible = Math.ceil(at / precision) * precision;
    const together = this.#delayed.get(visible);
    if (together !== undefined) {
      together.push(message);
      return;
    }
    this.#delayed.set(visible, [message]);
    time.at(visible, () => {
      for (const delayed of this.#delayed.get(visible) ?? []) this.#ready.push(delayed);
      this.#delayed.delete(visible);
      this.onReady();
    });
  }

  #swapFirst(place: number): void {
    const [first, other] = [this.#ready[this.#first], this.#ready[place]];
    if (first === undefined || other === undefined) return;
    this.#ready[this.#first] = other;
    this.#ready[place] = first;
  }
}

interface Group {
  readonly name: string;
  waiting: FifoMessage[];
  inFlight: number;
}

interface FifoMessage extends SimulatedMessage {
  readonly group: string;
  /** Its place in the order of the queue. */
  readonly n: number;
  /** When it becomes visible again, if it was received. */
  hiddenUntil: number;
  received: number;
}

/** The queue for messages that were received too often. */
export interface Redrive {
  readonly maxReceives: number;
  readonly deadLetters: FifoQueue;
}

/** Milliseconds for which a deduplication id is remembered. */
const deduplicationInterval = 5 * 60_000;

/** A FIFO queue whose groups are independent, each with its own deduplication. */
export class FifoQueue implements SimulatedQueue {
  onReady: () => void = () => {};
  readonly #options: QueueOptions & { readonly redrive?: Redrive };
  readonly #groups = new Map<string, Group>();
  /** Groups with something to receive, the longest ready in front. */
  readonly #free = new Set<Group>();
  readonly #known = new Map<string, number>();
  readonly #inFlight = new Set<FifoMessage>();
  #sent = 0;
  #size = 0;
  #most = 0;

  constructor(options: QueueOptions & { readonly redrive?: Redrive }) {
    this.#options = options;
  }

  get hasReady(): boolean {
    return this.#free.size > 0;
  }

  get size(): number {
    return this.#size;
  }

  /** The most messages that ever were in it: SQS looks for free groups among the first 120,000 only. */
  get mostAtOnce(): number {
    return this.#most;
  }

  /** Sends a message into a group. */
  send(body: string, groupName: string, deduplicationId: string): void {
    const { time, random, mischief = {} } = this.#options;
    if (random.chance(mischief.loses ?? 0) || this.#isKnown(`${groupName} ${deduplicationId}`)) return;
    this.#sent += 1;
    const group = this.#group(groupName);
    group.waiting.push({
      messageId: `fifo message ${this.#sent}`,
      body,
      sent: time.wall,
      group: groupName,
      n: this.#sent,
      hiddenUntil: 0,
      received: 0,
    });
    this.#size += 1;
    this.#most = Math.max(this.#most, this.#size);
    this.#offer(group);
  }

  /** Accepts a message that another queue delivered too often, with its receive count. */
  addDeadLetter(message: SimulatedMessage & { readonly group: string; readonly received: number }): void {
    const group = this.#group(message.group);
    this.#sent += 1;
    group.waiting.push({ ...message, n: this.#sent, hiddenUntil: 0 });
    this.#size += 1;
    this.#offer(group);
  }

  receive(most: number): readonly SimulatedMessage[] {
    const { time, random, visibilityTimeout } = this.#options;
    const taken: FifoMessage[] = [];
    // SQS returns as many of one group as it can; sometimes a batch contains several groups.
    const share = random.chance(0.5) ? most : random.whole(1, most);
    for (const group of this.#free) {
      if (taken.length >= most) break;
      const messages = group.waiting.splice(0, Math.min(share, most - taken.length));
      group.inFlight = messages.length;
      this.#free.delete(group);
      for (const message of messages) {
        message.hiddenUntil = time.wall + visibilityTimeout;
        message.received += 1;
        this.#inFlight.add(message);
        taken.push(message);
      }
    }
    return taken;
  }

  delete(message: SimulatedMessage): void {
    if (!this.#inFlight.delete(message as FifoMessage)) return;
    this.#size -= 1;
    this.#land(this.#group((message as FifoMessage).group));
  }

  makeVisible(given: SimulatedMessage, after?: number): void {
    const { time } = this.#options;
    const message = given as FifoMessage;
    if (!this.#inFlight.has(message)) return;
    if (after !== undefined) message.hiddenUntil = time.wall + after;
    // Until it is visible again, its group returns nothing.
    time.at(message.hiddenUntil, () => {
      // It may have been received again meanwhile.
      if (time.wall < message.hiddenUntil || !this.#inFlight.delete(message)) return;
      const group = this.#group(message.group);
      const { maxReceives = Number.POSITIVE_INFINITY, deadLetters } = this.#options.redrive ?? {};
      if (message.received >= maxReceives) {
        this.#size -= 1;
        deadLetters?.addDeadLetter(message);
      } else {
        group.waiting.push(message);
        group.waiting.sort((a, b) => a.n - b.n);
      }
      this.#land(group);
    });
  }

  /** Messages in flight, by group. */
  get inFlightByGroup(): ReadonlyMap<string, number> {
    return new Map([...this.#groups.values()].map(({ name, inFlight }) => [name, inFlight]));
  }

  #land(group: Group): void {
    group.inFlight -= 1;
    this.#offer(group);
  }

  #offer(group: Group): void {
    if (group.inFlight > 0 || group.waiting.length === 0) return;
    this.#free.add(group);
    this.onReady();
  }

  #group(name: string): Group {
    const known = this.#groups.get(name);
    if (known !== undefined) return known;
    const group: Group = { name, waiting: [], inFlight: 0 };
    this.#groups.set(name, group);
    return group;
  }

  #isKnown(id: string): boolean {
    const { wall } = this.#options.time;
    for (const [old, until] of this.#known) {
      if (until > wall) break;
      this.#known.delete(old);
    }
    if (this.#known.has(id)) return true;
    this.#known.set(id, wall + deduplicationInterval);
    return false;
  }
}
