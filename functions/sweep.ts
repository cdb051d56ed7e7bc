/**
 * Lambda function `sweep`, on a schedule: sets going whatever is due or overdue in the queue table.
 */

import type { Context } from 'aws-lambda';
import { compose } from './composition.ts';
import { reserve, sweepInterval } from './queue/policy.ts';
import { sweep } from './queue/sweep.ts';

const { services } = compose('sweep', process.env);

/** Sweeps once. */
export async function handler(_event: unknown, context: Context): Promise<void> {
  const mayGoOn = () => context.getRemainingTimeInMillis() > reserve;
  const report = await sweep(sweepInterval, services, mayGoOn);
  services.log.note('info', 'swept', { ...report });
}
