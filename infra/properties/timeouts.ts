import { Duration } from 'aws-cdk-lib';
import { sweepInterval as interval } from '../../functions/queue/items/policy.ts';

/**
 * Time-outs of the functions that call only AWS. The lmtp function waits for mail servers, so its time-out is a property.
 *
 * qmgr: a batch of ten requests makes some dozens of AWS calls. The deferred and incoming queues redeliver a failed batch after
 * six times this.
 * bounce: a batch of ten reports; shorter than the lease of a report (handOverLease). Its queue redelivers a failed batch after
 * six times this.
 * sweep: less than the time between two sweeps, so that they do not overlap.
 * check: tests a few servers, at most some minutes for each silent one, while the operator waits.
 * showq: stops reading after some seconds, and shows that it did. postsuper: may wait for a check or release many messages.
 */
export const functionTimeouts = {
  qmgr: Duration.seconds(60),
  bounce: Duration.seconds(60),
  sweep: Duration.seconds(240),
  check: Duration.seconds(300),
  showq: Duration.seconds(30),
  postsuper: Duration.seconds(300),
} as const;

/** Time between two sweeps. A sweep sends the wake-ups of all mail due before the next one (SQS delays up to 15 min). */
export const sweepInterval = Duration.millis(interval);
