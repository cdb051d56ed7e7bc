import { Duration } from 'aws-cdk-lib';
import { sweepInterval as interval } from '../../functions/queue/items/policy.ts';

/**
 * Time-outs of the functions that talk to AWS alone; the lmtp function waits for mail servers, so its own is a property.
 *
 * qmgr: a batch of ten requests is some dozens of AWS calls. The deferred and incoming queues show a message of a failed
 * batch again after six times this.
 * bounce: a batch of ten reports; less than anybody keeps a report to himself (handOverLease). Its queue too shows a message of
 * a failed batch again after six times this.
 * sweep: less than the time between two sweeps, so that they do not overlap.
 * check: looks at a few servers, at most some minutes for each that says nothing; whoever asks waits.
 * showq: stops reading after some seconds, and says so. postsuper: may wait for a check, and for many messages to be let go.
 */
export const functionTimeouts = {
  qmgr: Duration.seconds(60),
  bounce: Duration.seconds(60),
  sweep: Duration.seconds(240),
  check: Duration.seconds(300),
  showq: Duration.seconds(30),
  postsuper: Duration.seconds(300),
} as const;

/** Time between two sweeps: what falls due before the next one gets its wake-up from this one (SQS delays up to 15 min). */
export const sweepInterval = Duration.millis(interval);
