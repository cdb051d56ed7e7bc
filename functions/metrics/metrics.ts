/**
 * The port of metrics.
 */

import type { MetricName } from './catalogue.ts';

/** Collects values for the current invocation. */
export interface Metrics {
  /**
   * Adds a value to a metric.
   *
   * @param value       in the metric's unit. Default: 1
   * @param destination normalised; it is a dimension only if the stack was configured with it
   */
  add(name: MetricName, value?: number, destination?: string): void;
}
