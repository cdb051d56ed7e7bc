/**
 * An entry of the catalogue of metrics.
 */

/** A metric. */
export interface MetricRow {
  readonly unit: 'Count' | 'Seconds' | 'Bytes';
  /** Its meaning in a few words, as a graph shows it. */
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
   * Its statistic. Within an invocation, values of a `Sum` are added, a maximum or minimum keeps one value, and others
   * keep all.
   */
  readonly statistic: 'Sum' | 'Maximum' | 'Minimum' | 'p99';
  /** Whether it also has each configured destination as a dimension. */
  readonly perDestination?: true;
}
