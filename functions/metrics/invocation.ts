/**
 * Writes the metrics of an invocation at its end, also after an error.
 */

import type { Metrics } from './metrics.ts';

/** Metrics that are collected and written together. */
export interface InvocationMetrics extends Metrics {
  /** Writes the values since the last call. */
  flush(): void;
}

/**
 * Returns a handler that writes its metrics at the end of each invocation. The first invocation of a container counts
 * its start.
 *
 * @param metrics absent: metrics are off
 */
export function measured<Event, Context, Result>(
  metrics: InvocationMetrics | undefined,
  handle: (event: Event, context: Context) => Promise<Result>,
): (event: Event, context: Context) => Promise<Result> {
  let isCold = true;
  return async (event, context) => {
    if (isCold) metrics?.add('ColdStarts');
    isCold = false;
    try {
      return await handle(event, context);
    } finally {
      metrics?.flush();
    }
  };
}
