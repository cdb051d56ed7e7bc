import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { activeReceives } from '../../functions/queue/items/policy.ts';
import { functionTimeouts } from '../properties/timeouts.ts';
import { acknowledge } from '../security/acknowledgements.ts';
import type { AnyKey } from '../security/encryption.ts';

/** Longest that SQS keeps a message: what nobody took for two weeks is in the table and the bucket all the same. */
const retention = Duration.days(14);

/**
 * Queues with mail in them that is nowhere else: requests, reports to be written, requests that people have to look at. They
 * outlive the stack, as table and bucket do. What is in the others the sweep finds in the table.
 */
const kept = { removalPolicy: RemovalPolicy.RETAIN } as const;

/**
 * How often a message is given out before it goes to the dead letters. Our functions hand a record back only when the table,
 * S3 or SQS cannot be reached, so this is how much of an outage is ridden out without a person. What comes after:
 *
 * - incoming: five hours at six minutes each. The request waits among the dead letters for a person to move it back.
 * - deferred: the same; and the sweep wakes the delivery again.
 * - bounce: five hours too. The report then waits among the dead letters; the event was told on the topic all the same.
 * - active: ten minutes where lmtp hands the message back (it asks for it again after seconds, then after minutes), three
 *   quarters of an hour where it dies each time. Then qmgr takes it from the dead letters and puts the delivery back into the
 *   table, to be tried later and among others; what dies again and again must not keep its slot for good.
 *   A table that refuses calls is no reason: before the last time lmtp hands the delivery back to qmgr (hand-back.ts).
 */
const maximumReceives = { incoming: 50, deferred: 50, active: activeReceives, bounce: 50 } as const;

export interface QueuesProps {
  /** How long the lmtp function may run. */
  readonly lmtpTimeout: Duration;
  /** The key that all queues are under; SQS's own if absent. */
  readonly encryptionKey?: AnyKey | undefined;
}

/**
 * Postfix's queues.
 *
 *     incoming ─► qmgr ─► active (FIFO) ─► lmtp ─► corrupt
 *                  ▲                        │
 *     ▲            └──────── deferred ◄─────┤
 *     └──── bounce function ◄─ bounce ◄─ topics
 *
 * They wake and pace: mail itself is in the queue table and the message bucket, and a message lost here is found by the
 * sweep. Only incoming holds requests that are nowhere else yet.
 */
export class Queues extends Construct {
  /** Requests, as producers send them. */
  readonly incoming: sqs.Queue;
  /** Deliveries that may start now: one message group for each slot of a destination. */
  readonly active: sqs.Queue;
  /** Wake-ups of deliveries that wait. */
  readonly deferred: sqs.Queue;
  /** What the bounce and notice topics say, for the bounce function. */
  readonly bounce: sqs.Queue;
  /**
   * Notices of requests that cannot be used. It has no dead letters: nothing of ours takes from it, so nothing can fail
   * too often.
   */
  readonly corrupt: sqs.Queue;
  /** Where the messages of a queue go that were given out too often. */
  readonly deadLetters: Readonly<Record<keyof typeof maximumReceives, sqs.Queue>>;

  readonly #encryption: Pick<sqs.QueueProps, 'encryption' | 'encryptionMasterKey'>;

  constructor(scope: Construct, id: string, { lmtpTimeout, encryptionKey }: QueuesProps) {
    super(scope, id);
    this.#encryption =
      encryptionKey === undefined
        ? { encryption: sqs.QueueEncryption.SQS_MANAGED }
        : { encryption: sqs.QueueEncryption.KMS, encryptionMasterKey: encryptionKey };
    this.deadLetters = {
      incoming: this.queue('IncomingDeadLetters', kept),
      active: this.queue('ActiveDeadLetters', { fifo: true, visibilityTimeout: sixTimes(functionTimeouts.qmgr) }),
      deferred: this.queue('DeferredDeadLetters'),
      bounce: this.queue('BounceDeadLetters', kept),
    };
    this.incoming = this.queue('Incoming', {
      ...kept,
      visibilityTimeout: sixTimes(functionTimeouts.qmgr),
      deadLetterQueue: this.redrive('incoming'),
    });
    this.active = this.queue('Active', {
      fifo: true,
      deduplicationScope: sqs.DeduplicationScope.MESSAGE_GROUP,
      fifoThroughputLimit: sqs.FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
      // Lambda wants at least the function's time-out. No more than a little above it: when a worker dies, the slot of its
      // destination stays closed until its message is seen again. To be seen too early (a batch that was throttled) is
      // harmless: the claim lets one worker through. So the usual six-fold, half an hour of a closed slot, buys nothing.
      visibilityTimeout: lmtpTimeout.plus(Duration.seconds(30)),
      deadLetterQueue: this.redrive('active'),
    });
    this.deferred = this.queue('Deferred', {
      visibilityTimeout: sixTimes(functionTimeouts.qmgr),
      deadLetterQueue: this.redrive('deferred'),
    });
    this.bounce = this.queue('Bounce', {
      ...kept,
      visibilityTimeout: sixTimes(functionTimeouts.bounce),
      deadLetterQueue: this.redrive('bounce'),
    });
    this.corrupt = this.queue('Corrupt', kept);
    acknowledge(this.corrupt, 'SQS3');
  }

  private redrive(name: keyof typeof maximumReceives): sqs.DeadLetterQueue {
    return { queue: this.deadLetters[name], maxReceiveCount: maximumReceives[name] };
  }

  private queue(id: string, props: sqs.QueueProps = {}): sqs.Queue {
    return new sqs.Queue(this, id, {
      retentionPeriod: retention,
      ...this.#encryption,
      enforceSSL: true,
      ...props,
    });
  }
}

/** AWS's rule for the trigger of a standard queue: time for Lambda to offer a throttled batch again. */
function sixTimes(timeout: Duration): Duration {
  return Duration.seconds(6 * timeout.toSeconds());
}
