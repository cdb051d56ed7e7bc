/**
 * What is said of a metric in the catalogue.
 */

/** A metric. */
export interface MetricRow {
  readonly unit: 'Count' | 'Seconds' | 'Bytes';
  /** In a few words, as a graph shows it. */
  readonly about: string;
  /** The functions that write it. */
  readonly by:
    | 'qmgr'
    | 'lmtp'
    | 'sweep'
    | 'qmgr and lmtp'
    | 'lmtp and sweep'
    | 'qmgr, lmtp and sweep'
    | 'qmgr, lmtp, sweep and bounce';
  /**
   * How its values are looked at. Within an invocation what is counted (`Sum`) is added up, of a maximum or minimum that one
   * value is kept, and of all others each.
   */
  readonly statistic: 'Sum' | 'Maximum' | 'Minimum' | 'p99';
  /** Given for each configured destination too. */
  readonly perDestination?: true;
}
