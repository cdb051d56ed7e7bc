/**
 * The record of a destination in the queue table, shared by all containers.
 *
 * It only paces deliveries; no mail depends on it. A destination without a record has no restrictions.
 */

import type { EnhancedStatus } from '../../smtp/enhanced-status.ts';
import type { HistoryEntry, Hold } from './item.ts';

/** The record. Times are milliseconds since 1970. */
export interface DestinationRecord extends Places {
  /** Normalised destination, or the name of a mailbox at a destination (unit.ts). */
  readonly name: string;
  /** Rises with each write, except those of places; 0: the record does not exist yet. */
  readonly revision: number;
  /** While there is a hold, nothing is sent. */
  readonly holds: readonly Hold[];
  /** Present while the destination is suspended. */
  readonly suspension?: Suspension;
  /** Absent: the initial window. */
  readonly window?: ConcurrencyWindow;
  /** A delivery is probing whether the destination is alive. */
  readonly probe?: Probe;
  /**
   * Deliveries under way that began while no delivery had succeeded recently. Until they end, only as many may begin as
   * a decision needs. Absent: none.
   */
  readonly trials?: readonly Trial[];
  /** Present while it gets one recipient at a time. */
  readonly caution?: Fallback;
  /** Present while deliveries that were held with it are being released. */
  readonly release?: Release;
  /** Changes by operators, latest last; limited in length. */
  readonly history: readonly HistoryEntry[];
  /** When the sweep must look at it. */
  readonly due?: number;
  /** Members that could not be read and count as absent, member name first. Never stored. */
  readonly faults?: readonly string[];
}

/** Counts of the deliveries in active. */
export interface Places {
  /** Deliveries in active or being delivered. */
  readonly active: number;
  /** When a delivery last began to wait for a place. */
  readonly backlog?: number;
}

/** The suspension of a destination after failures in a row. */
export interface Suspension {
  readonly since: number;
  /** From then on one delivery may probe whether it is alive. */
  readonly until: number;
  /** The text of the last failure. */
  readonly why: string;
  readonly dsn: EnhancedStatus;
  /** Failures in a row. */
  readonly failures: number;
}

/** The concurrency window (qmgr_queue.c). */
export interface ConcurrencyWindow {
  readonly size: number;
  /** Failures since the last success, each counted as its share of the window at that time. */
  readonly failedCohorts: number;
  /** Negative feedback below one, not yet subtracted from the window. */
  readonly failure: number;
  /** Failures in a row. */
  readonly failures: number;
  /** The last success that was written. */
  readonly succeededAt?: number;
  readonly failedAt?: number;
  /** Milliseconds that the last failure took, if known. */
  readonly failedAfter?: number;
  /** When it was last written; an unused window is forgotten after a while. */
  readonly at: number;
}

/** A delivery that may probe a suspended destination. */
export interface Probe {
  /** Random; known only to its worker. */
  readonly token: string;
  /** From then on another delivery may probe. */
  readonly until: number;
}

/** A delivery under way to a destination without recent success. From `until` on its worker is considered dead. */
export interface Trial extends Probe {
  /** When it began. */
  readonly since: number;
}

/** Until when, and why, a destination gets one recipient at a time. */
export interface Fallback {
  readonly until: number;
  readonly why: string;
}

/** A release of held deliveries, spread over a time. */
export interface Release {
  readonly since: number;
  /** Milliseconds over which they are spread. */
  readonly spread: number;
}

const keyPrefix = 'destination#';

/** Returns the partition key of a record. `key`: the name of its destination, or its hash if the name is too long. */
export function recordKey(key: string): string {
  return `${keyPrefix}${key}`;
}

/**
 * Returns the name in a record's key, for a record that does not contain it. For a name that is too long this is a
 * hash.
 */
export function nameOfRecord(id: string): string {
  return id.startsWith(keyPrefix) ? id.slice(keyPrefix.length) : id;
}

/** Returns an empty record. */
export function emptyRecord(name: string): DestinationRecord {
  return { name, revision: 0, holds: [], history: [], active: 0 };
}
