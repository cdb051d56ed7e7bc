/**
 * The queue's ports: small interfaces, implemented by aws/ and by fakes in tests.
 */

import type { Message } from '../../delivery/message.ts';
import type { DestinationRecord, Places } from './destination-record.ts';
import type { QueueEvent } from './event.ts';
import type { DeliveryItem, PinnedMessage } from './item.ts';
import type { DeliveryKey, WakeUp } from './messages.ts';
import type { QueueEntry, QueueFilter } from './queue-entry.ts';
import type { State, TransitionName } from './states.ts';
import type { FoundItem, ItemFault } from './unreadable-item.ts';

/** What a transition changes besides state and generation; `null` removes an attribute. */
export type Changes = {
  readonly [Name in ChangingAttribute]?: DeliveryItem[Name] | null;
} & { readonly pending?: DeliveryItem['pending'] };

/** The attributes that may change after admission. */
export type ChangingAttribute =
  | 'due'
  | 'activated'
  | 'recipients'
  | 'attempt'
  | 'settled'
  | 'claim'
  | 'reason'
  | 'group'
  | 'unpublished'
  | 'holds'
  | 'removal'
  | 'warned'
  | 'body'
  | 'deadLetters'
  | 'history'
  // Only of corrupt deliveries, by an operator:
  | 'message'
  | 'sender'
  | 'destination'
  | 'mailbox';

/** The result of a move. `behind`: the item had moved before, and is now `item`. */
export type Moved =
  | { readonly kind: 'moved'; readonly item: DeliveryItem }
  | { readonly kind: 'behind'; readonly item: DeliveryItem | undefined };

/** An item that the sweep must look at. */
export interface DueItem extends DeliveryKey {
  /** `destination`: the record of a destination, not a delivery. */
  readonly state: State | 'destination';
  readonly generation: number;
  readonly due: number;
  readonly destination: string;
  readonly unpublished?: DeliveryItem['unpublished'];
}

/** A malformed entry of the index `due`: the item itself must be read. */
export interface UnreadableDue extends DeliveryKey {
  readonly state: 'unreadable';
  readonly due: number;
  /** The attribute, and what is wrong with it. */
  readonly fault: string;
}

/** Attributes to overwrite in an unreadable item; `null` removes an attribute, `undefined` leaves it alone. */
export type RawChanges = Readonly<Record<string, unknown>>;

/**
 * The queue table. Each method throws if the table cannot be reached; a repeated call detects whether the first one had
 * an effect. A single unreadable item is thrown, as an ItemFault or a ForeignItem. Among several items it is a value,
 * so that the others can be read.
 */
export interface Ledger {
  /** Returns the item; a consistent read. */
  read(key: DeliveryKey): Promise<DeliveryItem | undefined>;
  /** All deliveries of a request. */
  readAll(id: string): Promise<readonly FoundItem[]>;
  /**
   * Yields the deliveries of a request, the last one first, in consistent reads, only as far as the caller iterates.
   */
  readBack(id: string): AsyncIterable<FoundItem>;
  /** Writes a new item. `behind` with the existing one, if another write has made it. */
  admit(item: DeliveryItem): Promise<Moved>;
  /**
   * Makes a transition of an item that the caller has read.
   *
   * @param by the mark of the write. A repeated move passes the same mark, to detect an earlier try whose answer was
   *   lost; absent: a new one
   */
  move(transition: TransitionName, seen: DeliveryItem, changes: Changes, by?: string): Promise<Moved>;
  /**
   * Removes published events. An item that is done then leaves the sweep's index; a waiting one gets its next `due`, if
   * it has not been moved meanwhile.
   */
  forgetPending(item: DeliveryItem, eventIds: readonly string[]): Promise<void>;
  /** Yields the items due before a moment, milliseconds since 1970. */
  findDue(before: number): AsyncIterable<DueItem | UnreadableDue>;
  /**
   * Overwrites attributes of a malformed item, if version, state, generation and mark are unchanged since it was read;
   * else false. The write sets a new mark.
   */
  overwrite(seen: ItemFault, changes: RawChanges): Promise<boolean>;
}

/**
 * The shared records of destinations. A name is a normalised destination, or a mailbox at one (unit.ts). Each method
 * throws if the table cannot be reached.
 */
export interface Destinations {
  /** Returns the record, in a consistent read; an empty one if there is none. */
  read(name: string): Promise<DestinationRecord>;
  /** Writes a record except its places, if its revision is unchanged since it was read; else false. */
  write(record: DestinationRecord): Promise<boolean>;
  /** Takes places in active: all that are wanted, or none if there would be more than `limit`. */
  occupy(name: string, places: number, limit: number): Promise<boolean>;
  /** Gives places back. The count never falls below 0. */
  vacate(name: string, places: number): Promise<Places>;
  /** Corrects the count of places by a difference. */
  adjust(name: string, difference: number): Promise<Places>;
  /** Records that deliveries wait for a place, since a moment in milliseconds since 1970. */
  recordBacklog(name: string, at: number): Promise<void>;
  /** Removes that record, unless it has been renewed. */
  forgetBacklog(name: string, seen: number): Promise<void>;
  /** Yields all records, for an operator. */
  list(): AsyncIterable<DestinationRecord>;
}

/** A page of the queue. */
export interface QueuePage {
  readonly entries: readonly QueueEntry[];
  /** Cursor of the next page; absent: this is the last one. */
  readonly next?: string;
  /** Capacity that DynamoDB charged for the page, in read request units. */
  readonly consumed: number;
}

/** Queries over many deliveries. Their answers are eventually consistent, some seconds behind. */
export interface Queries {
  /**
   * Returns a page of the matching deliveries; it may be empty without being the last one. Includes corrupt ones, not
   * done ones. A delivery that moves meanwhile may be on two pages: those that `isListed` knows are left out.
   */
  list(filter: QueueFilter, from?: string, isListed?: (key: DeliveryKey) => boolean): Promise<QueuePage>;
  /** Returns deliveries to a destination that wait for a place in active, longest due first. */
  findQueued(destination: string, wanted: QueuedWanted): Promise<readonly QueueEntry[]>;
  /** Counts the deliveries, to a destination or in total, that are in active or being delivered. */
  countActive(destination?: string): Promise<number>;
  /** Counts the corrupt requests that wait for an operator. */
  countCorruptRequests(): Promise<number>;
}

/** Selects among the deliveries that wait for a place. */
export interface QueuedWanted {
  /** True: those that were never tried; false: the others. */
  readonly isNew: boolean;
  /** Due at that moment, milliseconds since 1970. */
  readonly dueBy: number;
  readonly limit: number;
}

/** The queues of wake-ups. */
export interface WakeUps {
  /**
   * Sends to active, in the item's group. `copy` distinguishes a repeated send, so that SQS does not drop it as a
   * duplicate.
   */
  activate(item: DeliveryItem, copy?: string): Promise<void>;
  /** Sends to deferred, delayed by `delay` milliseconds (at most 900 s; the sweep wakes for longer waits). */
  wake(wakeUp: Omit<WakeUp, 'version'>, delay: number): Promise<void>;
}

/** The topic of events. */
export interface Events {
  publish(event: QueueEvent): Promise<void>;
}

/** A permanent fault of a body: it does not exist, or was altered. */
export class BodyFault extends Error {
  override readonly name = 'BodyFault';
}

/** Message bodies. Permanent faults are thrown as a {@link BodyFault}, temporary ones unchanged. */
export interface Bodies {
  /** Looks a body up, and pins its current version. */
  pin(message: Pick<PinnedMessage, 'bucket' | 'key' | 'versionId'>): Promise<PinnedMessage>;
  /** Prepares a body: a small one is fetched at once, a large one when it is opened. */
  load(message: PinnedMessage): Promise<Message>;
}

/** Message bodies that are no longer needed. */
export interface SpentBodies {
  /**
   * Marks a body as deleted, if it is the current object under its key; its version stays readable for a while. False:
   * the key has another object or none.
   */
  discard(message: PinnedMessage): Promise<boolean>;
}

/** A corrupt request, or a delivery whose body is gone. */
export interface CorruptNotice {
  /** Case id: the same request has the same id. */
  readonly id: string;
  /** The queue id from the producer, if any. */
  readonly requestId?: string;
  /** What is wrong; begins with the field. */
  readonly reason: string;
  /** The request as received. */
  readonly body: string;
  /** When it was sent to incoming, milliseconds since 1970: its arrival, unless the request names one. */
  readonly sent?: number;
  /** Present for the remainder of a delivery, which is itself in the queue, as corrupt. */
  readonly isDelivery?: true;
}

/** The corrupt queue: copy in S3, item in the table, notice in SQS. */
export interface CorruptQueue {
  file(notice: CorruptNotice): Promise<void>;
}
