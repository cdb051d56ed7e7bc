/**
 * Ports of the operator's actions, beside those of the queue.
 */

import type { HistoryEntry } from '../queue/items/item.ts';

/** A request that could not be used. Times are milliseconds since 1970. */
export interface CorruptRequest {
  /** Case id: the id of its SQS message, or of a delivery (`ID.0000`) whose body is gone. */
  readonly id: string;
  /** The queue id from its producer, if any. */
  readonly requestId?: string;
  /** What is wrong; begins with the field. */
  readonly reason: string;
  /** When it was recorded as corrupt. */
  readonly at: number;
  /** When it was sent to the incoming queue: its arrival, unless the request names one. */
  readonly sent?: number;
  /** The request as it was received. */
  readonly copy: { readonly bucket: string; readonly key: string };
  /** An operator requeued or removed it; absent: it waits for an operator. */
  readonly isClosed?: true;
  /** What operators did with it, latest last. */
  readonly history?: readonly HistoryEntry[];
}

/** Corrupt requests. Every method throws temporary errors. */
export interface CorruptRequests {
  /** The requests that wait for an operator, page by page; the list may be some seconds old. */
  list(): AsyncIterable<CorruptRequest>;
  /** A request by its case id. */
  read(id: string): Promise<CorruptRequest | undefined>;
  /** Requests by the queue id from their producer, closed ones included. */
  findByRequestId(requestId: string): Promise<readonly CorruptRequest[]>;
  /** The request as it was received; undefined: the copy is gone. */
  readBody(request: CorruptRequest): Promise<string | undefined>;
  /** Sends a request to the incoming queue. */
  submit(body: string): Promise<void>;
  /** Marks it as closed. False: it was closed already. */
  close(request: CorruptRequest, entry: HistoryEntry): Promise<boolean>;
}

/** The number of messages in a queue of the stack. */
export interface QueueDepth {
  /** Name of the queue in the stack: `corrupt`, `incoming dead letters`. */
  readonly name: string;
  readonly kind: 'corrupt' | 'dead letters' | 'wake-ups' | 'requests' | 'events';
  /** Approximate. */
  readonly messages: number;
}

/** The queues of the stack. */
export interface QueueDepths {
  /** Their depths; and for each queue that cannot be read, a sentence that says why. */
  read(): Promise<{ readonly depths: readonly QueueDepth[]; readonly unreachable: readonly string[] }>;
}
