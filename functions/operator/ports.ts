/**
 * What looking after the queue needs to know of the world, beside the ports of the queue itself.
 */

import type { HistoryEntry } from '../queue/items/item.ts';

/** A request that could not be used. Times are milliseconds since 1970. */
export interface CorruptRequest {
  /** Names the case: the id of its SQS message, or that of a delivery (`ID.0000`) whose body is gone. */
  readonly id: string;
  /** The queue id that its producer gave it, where it gave one. */
  readonly requestId?: string;
  /** What is wrong, field first. */
  readonly reason: string;
  /** When it was filed. */
  readonly at: number;
  /** When it was sent to incoming: its arrival, where it has no other. */
  readonly sent?: number;
  /** The request as it came. */
  readonly copy: { readonly bucket: string; readonly key: string };
  /** Absent: it waits for somebody. */
  readonly isSettled?: true;
  /** What people did with it, latest last. */
  readonly history?: readonly HistoryEntry[];
}

/** Requests that could not be used, which wait for a person. Every method throws what may pass. */
export interface CorruptRequests {
  /** Those that wait, page by page; what it says may be some seconds old. */
  list(): AsyncIterable<CorruptRequest>;
  /** A request by the name of its case. */
  read(id: string): Promise<CorruptRequest | undefined>;
  /** Requests by the queue id that their producer gave them, also those that do not wait any more. */
  findByRequestId(requestId: string): Promise<readonly CorruptRequest[]>;
  /** The request as it came; undefined: the copy is gone. */
  readBody(request: CorruptRequest): Promise<string | undefined>;
  /** Sends a request to incoming. */
  submit(body: string): Promise<void>;
  /** Writes down that it waits for nobody any more. False: somebody has done so already. */
  settle(request: CorruptRequest, entry: HistoryEntry): Promise<boolean>;
}

/** What lies in a queue of the stack. */
export interface QueueDepth {
  /** What the queue is called among those of the stack: `corrupt`, `incoming dead letters`. */
  readonly name: string;
  readonly kind: 'corrupt' | 'dead letters' | 'wake-ups' | 'requests' | 'events';
  /** Messages, about. */
  readonly messages: number;
}

/** The queues of the stack. */
export interface QueueDepths {
  /** What lies in them; and in a sentence each, those that cannot be looked into. */
  read(): Promise<{ readonly depths: readonly QueueDepth[]; readonly unreachable: readonly string[] }>;
}
