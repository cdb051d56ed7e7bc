/**
 * The port by which the functions give their metrics.
 */

import type { MetricName } from './catalogue.ts';

/** Where values go. What it is given counts for the invocation that is under way. */
export interface Metrics {
  /**
   * Adds a value to a metric.
   *
   * @param value       in the metric's unit. Default: 1
   * @param destination that it is about, normalised; it is a dimension only where the stack was configured with it
   */
  add(name: MetricName, value?: number, destination?: string): void;
}
