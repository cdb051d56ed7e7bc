/**
 * The frame of an invocation: its metrics are written when it ends, however it ends, and none are left to the next.
 */

import { type Metrics, noMetrics } from './metrics.ts';

/** Metrics that are collected, and written in one go. */
export interface InvocationMetrics extends Metrics {
  /** Writes what was added since the last time. */
  flush(): void;
}

/** For a function of a stack that has no namespace for its metrics. */
export const unwritten: InvocationMetrics = { ...noMetrics, flush: () => {} };

/** A handler whose metrics are written at the end of each invocation. The first one of a container counts its start. */
export function measured<Event, Context, Result>(
  metrics: InvocationMetrics,
  handle: (event: Event, context: Context) => Promise<Result>,
): (event: Event, context: Context) => Promise<Result> {
  let isCold = true;
  return async (event, context) => {
    if (isCold) metrics.add('ColdStarts');
    isCold = false;
    try {
      return await handle(event, context);
    } finally {
      metrics.flush();
    }
  };
}
