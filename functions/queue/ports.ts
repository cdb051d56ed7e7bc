/**
 * What the queue knows of the world: small interfaces, carried out by aws/ and by the tests' fakes alike.
 */

import type { Message } from '../delivery/message.ts';
import type { QueueEvent } from './event.ts';
import type { DeliveryItem, PinnedMessage } from './item.ts';
import type { DeliveryKey, WakeUp } from './messages.ts';
import type { State, TransitionName } from './states.ts';

/** What a transition changes beside state and generation; `null` takes an attribute away. */
export type Changes = {
  readonly [Name in 'due' | 'activated' | 'recipients' | 'attempt' | 'claim' | 'reason']?: DeliveryItem[Name] | null;
} & { readonly pending?: DeliveryItem['pending'] };

/** How a move ended: the item as it is now, or that the item was elsewhere already. */
export type Moved =
  | { readonly kind: 'moved'; readonly item: DeliveryItem }
  | { readonly kind: 'behind'; readonly item: DeliveryItem | undefined };

/** An item that somebody has to look at. */
export interface DueItem extends DeliveryKey {
  readonly state: State;
  readonly generation: number;
  readonly due: number;
}

/** The queue table. Every method throws when the table cannot be reached; nothing has then changed, or it is found out at the next try. */
export interface Ledger {
  /** The item as it is, consistently read. */
  read(key: DeliveryKey): Promise<DeliveryItem | undefined>;
  /** All deliveries of a request. */
  readAll(id: string): Promise<readonly DeliveryItem[]>;
  /** Puts a new item in; answers the one that is there already, if one is and it is not this very one. */
  admit(item: DeliveryItem): Promise<Moved>;
  /** Carries out a transition on an item as the caller last saw it. */
  move(transition: TransitionName, seen: DeliveryItem, changes: Changes): Promise<Moved>;
  /** Forgets published events; of an item that is done, nothing then remains to be done. */
  forgetPending(item: DeliveryItem, eventIds: readonly string[]): Promise<void>;
  /** What falls due before a moment, milliseconds since 1970. */
  findDue(before: number): AsyncIterable<DueItem>;
}

/** Why and how long to be careful with a destination. */
export interface Caution {
  /** Milliseconds since 1970. */
  readonly until: number;
  readonly why: string;
}

/** What all containers know of destinations. */
export interface CautionStore {
  readCaution(destination: string): Promise<Caution | undefined>;
  writeCaution(destination: string, caution: Caution): Promise<void>;
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

/** An unusable request, or a delivery whose body is gone. */
export interface CorruptNotice {
  /** Names the case: the same request makes the same notice. */
  readonly id: string;
  /** What is wrong, field first. */
  readonly reason: string;
  /** The request as it came. */
  readonly body: string;
}

/** The corrupt queue: copy in S3, item in the table, notice in SQS. */
export interface CorruptQueue {
  file(notice: CorruptNotice): Promise<void>;
}
