/**
 * What the queue knows of the world: small interfaces, carried out by aws/ and by the tests' fakes alike.
 */

import type { Message } from '../../delivery/message.ts';
import type { DestinationRecord, Places } from './destination-record.ts';
import type { QueueEvent } from './event.ts';
import type { DeliveryItem, PinnedMessage } from './item.ts';
import type { DeliveryKey, WakeUp } from './messages.ts';
import type { QueueEntry, QueueFilter } from './queue-entry.ts';
import type { State, TransitionName } from './states.ts';
import type { FoundItem, ItemFault } from './unreadable-item.ts';

/** What a transition changes beside state and generation; `null` takes an attribute away. */
export type Changes = {
  readonly [Name in ChangingAttribute]?: DeliveryItem[Name] | null;
} & { readonly pending?: DeliveryItem['pending'] };

/** What may change in the life of a delivery. */
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
  | 'deadLetters'
  | 'history'
  // Only of what was corrupt, by hand:
  | 'message'
  | 'sender'
  | 'destination'
  | 'mailbox';

/** How a move ended: the item as it is now, or that the item was elsewhere already. */
export type Moved =
  | { readonly kind: 'moved'; readonly item: DeliveryItem }
  | { readonly kind: 'behind'; readonly item: DeliveryItem | undefined };

/** An item that somebody has to look at. */
export interface DueItem extends DeliveryKey {
  /** `destination`: the record of a destination, not a delivery. */
  readonly state: State | 'destination';
  readonly generation: number;
  readonly due: number;
  readonly destination: string;
  readonly unpublished?: DeliveryItem['unpublished'];
}

/** An entry of the index of what falls due that is not what it should be: only the item itself says what is to be done. */
export interface UnreadableDue extends DeliveryKey {
  readonly state: 'unreadable';
  readonly due: number;
  /** The attribute, and what is wrong with it. */
  readonly fault: string;
}

/** What is written over an item that cannot be read; `null` takes an attribute away, `undefined` leaves it alone. */
export type RawChanges = Readonly<Record<string, unknown>>;

/**
 * The queue table. Every method throws when the table cannot be reached; nothing has then changed, or it is found out at the next
 * try. One item that is met by itself and cannot be read is thrown too, as an ItemFault or a ForeignItem; among several it is a
 * value, so that it harms no others.
 */
export interface Ledger {
  /** The item as it is, consistently read. */
  read(key: DeliveryKey): Promise<DeliveryItem | undefined>;
  /** All deliveries of a request. */
  readAll(id: string): Promise<readonly FoundItem[]>;
  /** The same, the last one first, consistently read, and no further than whoever asks goes on. */
  readBack(id: string): AsyncIterable<FoundItem>;
  /** Puts a new item in; answers the one that is there already, if one is and it is not this very one. */
  admit(item: DeliveryItem): Promise<Moved>;
  /**
   * Carries out a transition on an item as the caller last saw it.
   *
   * @param by the mark that the move leaves. Whoever repeats a move passes the same, and learns whether an earlier try was made
   *           whose answer was lost; a new one if absent
   */
  move(transition: TransitionName, seen: DeliveryItem, changes: Changes, by?: string): Promise<Moved>;
  /**
   * Forgets published events. Of an item that is done, nothing then remains to be done; one that waits falls due again when
   * it should, if it has not been moved meanwhile.
   */
  forgetPending(item: DeliveryItem, eventIds: readonly string[]): Promise<void>;
  /** What falls due before a moment, milliseconds since 1970. */
  findDue(before: number): AsyncIterable<DueItem | UnreadableDue>;
  /**
   * Writes over a malformed item, if its version, state, generation and mark are what they were when it was read: false where one
   * of them is not. The write leaves a mark of its own.
   */
  overwrite(seen: ItemFault, changes: RawChanges): Promise<boolean>;
}

/**
 * What all containers know of destinations. A name is a normalised destination, or that of a mailbox at one (unit.ts).
 * Every method throws when the table cannot be reached.
 */
export interface Destinations {
  /** The record, consistently read; an empty one where there is none. */
  read(name: string): Promise<DestinationRecord>;
  /**
   * Writes a record down, but for its places, if nobody has written since it was read: false where somebody has. Its
   * revision is that of the record as it was read.
   */
  write(record: DestinationRecord): Promise<boolean>;
  /** Takes places in active: as many as are asked for, or none where there would then be more than `limit`. */
  occupy(name: string, places: number, limit: number): Promise<boolean>;
  /** Gives places back. There are never fewer than none taken. */
  vacate(name: string, places: number): Promise<Places>;
  /** Corrects the count of places by a difference that was found. */
  adjust(name: string, difference: number): Promise<Places>;
  /** Notes that deliveries wait for a place since a moment; milliseconds since 1970. */
  noteBacklog(name: string, at: number): Promise<void>;
  /** Forgets that, where nobody noted it again. */
  forgetBacklog(name: string, seen: number): Promise<void>;
  /** All records, for an operator. */
  list(): AsyncIterable<DestinationRecord>;
}

/** Some entries of the queue. */
export interface QueuePage {
  readonly entries: readonly QueueEntry[];
  /** Where the next page begins; absent: this is the last one. */
  readonly next?: string;
  /** Capacity that DynamoDB charged for the page, in read request units. */
  readonly consumed: number;
}

/** Questions about many deliveries at once. What they say may be some seconds old. */
export interface Queries {
  /** A page of the deliveries that match; it may be empty although it is not the last one. Corrupt ones count, done ones do not. */
  list(filter: QueueFilter, from?: string): Promise<QueuePage>;
  /** Deliveries to a destination that wait for a place in active, those longest due first. */
  findQueued(destination: string, wanted: QueuedWanted): Promise<readonly QueueEntry[]>;
  /** How many deliveries to a destination, or to all together, are in active or being delivered. */
  countActive(destination?: string): Promise<number>;
  /** How many requests that could not be used wait for a person. */
  countCorruptRequests(): Promise<number>;
}

/** Which of the deliveries that wait for a place. */
export interface QueuedWanted {
  /** Those that were never tried, or the others. */
  readonly isNew: boolean;
  /** Due at that moment, milliseconds since 1970. */
  readonly dueBy: number;
  readonly limit: number;
}

/** The queues of wake-ups. */
export interface WakeUps {
  /** Into active, in the item's group. `copy` tells a repeated send from the first, so it is not taken for its double. */
  activate(item: DeliveryItem, copy?: string): Promise<void>;
  /** Into deferred, to arrive after `delay` milliseconds (at most 900 s; longer waits are the sweep's). */
  wake(wakeUp: Omit<WakeUp, 'version'>, delay: number): Promise<void>;
}

/** Where events go. */
export interface Events {
  publish(event: QueueEvent): Promise<void>;
}

/** Why a body cannot be had at all, ever: it is not there, or no longer what it was. */
export class BodyFault extends Error {
  override readonly name = 'BodyFault';
}

/** Message bodies. Faults that may pass are thrown as they come; those that will not are a {@link BodyFault}. */
export interface Bodies {
  /** Looks the body up and pins what is seen. */
  pin(message: Pick<PinnedMessage, 'bucket' | 'key' | 'versionId'>): Promise<PinnedMessage>;
  /** Makes the body ready: a small one is fetched at once, a large one when it is opened. */
  load(message: PinnedMessage): Promise<Message>;
}

/** Message bodies that nobody needs any more. */
export interface SpentBodies {
  /**
   * Marks a body as deleted, if it is what lies under its key; its version can still be read for a while. False: it stays, for
   * something else lies there by now, or nothing.
   */
  discard(message: PinnedMessage): Promise<boolean>;
}

/** An unusable request, or a delivery whose body is gone. */
export interface CorruptNotice {
  /** Names the case: the same request makes the same notice. */
  readonly id: string;
  /** The queue id that the producer gave the request, where it gave one. */
  readonly requestId?: string;
  /** What is wrong, field first. */
  readonly reason: string;
  /** The request as it came. */
  readonly body: string;
  /** When it was sent to incoming, milliseconds since 1970: its arrival, where it has no other. */
  readonly sent?: number;
  /** It is what is left of a delivery, which waits in the queue itself, as a corrupt one. */
  readonly isDelivery?: true;
}

/** The corrupt queue: copy in S3, item in the table, notice in SQS. */
export interface CorruptQueue {
  file(notice: CorruptNotice): Promise<void>;
}
