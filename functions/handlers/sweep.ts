/**
 * Lambda function `sweep`, on a schedule: sets due and overdue items of the queue table going.
 */

import type { Context } from 'aws-lambda';
import { compose } from '../composition/compose-queue.ts';
import { measured } from '../metrics/invocation.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { QueueServices } from '../queue/destinations/services.ts';
import { shortestReserve, sweepInterval } from '../queue/items/policy.ts';
import { measureQueue } from '../queue/sweep/measure.ts';
import { sweep } from '../queue/sweep/sweep.ts';
import { madeFrom } from '../settings/live-parameters.ts';

const { live, servicesWith, metrics } = compose('sweep', process.env);
const current = madeFrom(live, servicesWith);

/** Sweeps once. */
export const handler = measured(metrics, sweepOnce);

async function sweepOnce(_event: unknown, context: Context): Promise<void> {
  const services = await current();
  const mayGoOn = () => context.getRemainingTimeInMillis() > shortestReserve;
  const report = await sweep(sweepInterval, services, mayGoOn);
  services.log.note('info', 'swept', { ...report });
  if (metrics !== undefined) await measureAfter(services, metrics, mayGoOn);
}

/** Measures the queue. An error here does not undo the sweep. */
async function measureAfter(services: QueueServices, metrics: Metrics, mayGoOn: () => boolean): Promise<void> {
  try {
    await measureQueue(services, metrics, mayGoOn);
  } catch (error) {
    services.log.note('error', 'queue not measured', { error });
  }
}
