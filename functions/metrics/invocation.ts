/**
 * The frame of an invocation: its metrics are written when it ends, however it ends, and none are left to the next.
 */

import type { Metrics } from './metrics.ts';

/** Metrics that are collected, and written in one go. */
export interface InvocationMetrics extends Metrics {
  /** Writes what was added since the last time. */
  flush(): void;
}

/**
 * A handler whose metrics are written at the end of each invocation. The first one of a container counts its start.
 *
 * @param metrics absent: nobody wants any
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
