/**
 * What is known of a destination, for all containers: one item of the queue table.
 *
 * It spares trouble and paces; no mail depends on it. A destination without a record is an ordinary one.
 */

import type { EnhancedStatus } from '../../smtp/enhanced-status.ts';
import type { HistoryEntry, Hold } from './item.ts';

/** The record. Times are milliseconds since 1970. */
export interface DestinationRecord extends Places {
  /** Normalised destination, or the name of a mailbox at one (unit.ts). */
  readonly name: string;
  /** Rises with every write but those of places; 0: there is no record yet. */
  readonly revision: number;
  /** While one lies here, nothing is sent. */
  readonly holds: readonly Hold[];
  /** It is taken for dead. */
  readonly suspension?: Suspension;
  /** Absent: as large as at the beginning. */
  readonly window?: ConcurrencyWindow;
  /** Somebody is finding out whether it is alive. */
  readonly probe?: Probe;
  /**
   * Deliveries under way that began while nothing had succeeded of late: as long as they have not said how they went, no more
   * are let through than it takes to know. Absent: none is known.
   */
  readonly trials?: readonly Trial[];
  /** It gets one recipient at a time. */
  readonly caution?: Caution;
  /** Deliveries that were held with it are being let go. */
  readonly release?: Release;
  /** What people changed, latest last; bounded. */
  readonly history: readonly HistoryEntry[];
  /** When the sweep has to look at it. */
  readonly due?: number;
  /** What of it could not be read, member first, and is taken for absent. Never stored. */
  readonly faults?: readonly string[];
}

/** How many of its deliveries are in active. */
export interface Places {
  /** In active, or being delivered. */
  readonly active: number;
  /** When it was last noted that more wait for a place. */
  readonly backlog?: number;
}

/** A destination was taken for dead after a row of failures. */
export interface Suspension {
  readonly since: number;
  /** From then on one delivery may find out whether it is alive. */
  readonly until: number;
  /** The last failure, as its recipients were told. */
  readonly why: string;
  readonly dsn: EnhancedStatus;
  /** Failures in a row. */
  readonly failures: number;
}

/** How many deliveries at once it is trusted with (qmgr_queue.c). */
export interface ConcurrencyWindow {
  readonly size: number;
  /** Failures since the last success, each counted as its share of the window then. */
  readonly failedCohorts: number;
  /** What remains of failures that did not shrink the window by a whole. */
  readonly failure: number;
  /** Failures in a row. */
  readonly failures: number;
  /** The last success that was written down. */
  readonly succeededAt?: number;
  readonly failedAt?: number;
  /** Milliseconds that the last failure took, where that is known. */
  readonly failedAfter?: number;
  /** When it was last written: one that was not used for a while is forgotten. */
  readonly at: number;
}

/** The one delivery that is let through. */
export interface Probe {
  /** Random; known to its worker alone. */
  readonly token: string;
  /** From then on somebody else may. */
  readonly until: number;
}

/** A delivery under way to a destination where nothing has succeeded of late. Its worker is taken for dead from `until` on. */
export interface Trial extends Probe {
  /** When it began. */
  readonly since: number;
}

/** Why and how long to be careful with a destination. */
export interface Caution {
  readonly until: number;
  readonly why: string;
}

/** Held deliveries are let go, not all at once. */
export interface Release {
  readonly since: number;
  /** Milliseconds over which they are spread. */
  readonly spread: number;
}

const keyPrefix = 'destination#';

/** The partition key of a record. `key`: the name of its destination, or what stands for one that is too long. */
export function recordKey(key: string): string {
  return `${keyPrefix}${key}`;
}

/** The name in the key of a record, where the record itself does not say it. A name that is too long is there as what stands for it. */
export function nameOfRecord(id: string): string {
  return id.startsWith(keyPrefix) ? id.slice(keyPrefix.length) : id;
}

/** A record of which nothing is known. */
export function emptyRecord(name: string): DestinationRecord {
  return { name, revision: 0, holds: [], history: [], active: 0 };
}
