import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { activeReceives } from '../../functions/queue/items/policy.ts';
import { functionTimeouts } from '../properties/timeouts.ts';
import { acknowledge } from '../security/acknowledgements.ts';
import type { AnyKey } from '../security/encryption.ts';

/** SQS's longest retention. A message that expires after two weeks is still in the table and the bucket. */
const retention = Duration.days(14);

/**
 * Queues with mail that is stored nowhere else: requests, reports to be written, and corrupt requests. They are kept when the stack
 * is deleted, as table and bucket are. The sweep finds the mail of the other queues in the table.
 */
const kept = { removalPolicy: RemovalPolicy.RETAIN } as const;

/**
 * Receives of a message before it goes to the dead-letter queue. The functions fail a record only when the table, S3 or SQS cannot
 * be reached, so this is the length of an outage that needs no operator. After it:
 *
 * - incoming: five hours at six minutes each. The request waits in the dead-letter queue until an operator moves it back.
 * - deferred: the same; the sweep also wakes the delivery again.
 * - bounce: five hours too. The report then waits in the dead-letter queue; the event was published on the topic.
 * - active: ten minutes if lmtp returns the message (it becomes visible after seconds, then after minutes), three quarters of an
 *   hour if lmtp crashes each time. Then qmgr takes it from the dead-letter queue and writes the delivery back to the table, to be
 *   tried later; a delivery that crashes lmtp again and again must not keep its slot.
 *   A table that refuses calls does not lead there: before the last receive lmtp hands the delivery back to qmgr (hand-back.ts).
 */
const maximumReceives = { incoming: 50, deferred: 50, active: activeReceives, bounce: 50 } as const;

export interface QueuesProps {
  /** Time-out of the lmtp function. */
  readonly lmtpTimeout: Duration;
  /** The key of all queues; SQS's own if absent. */
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
 * They wake and pace deliveries. The mail is in the queue table and the message bucket, and the sweep finds mail whose message was
 * lost. Only incoming contains requests that are not yet stored elsewhere.
 */
export class Queues extends Construct {
  /** Requests from producers. */
  readonly incoming: sqs.Queue;
  /** Deliveries that may start now: one message group for each slot of a destination. */
  readonly active: sqs.Queue;
  /** Wake-ups of deliveries that wait. */
  readonly deferred: sqs.Queue;
  /** Events of the bounce and notice topics, for the bounce function. */
  readonly bounce: sqs.Queue;
  /**
   * Notices of corrupt requests. It has no dead-letter queue: no function receives from it, so no receive can fail.
   */
  readonly corrupt: sqs.Queue;
  /** The dead-letter queues. */
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
      // Lambda requires at least the function's time-out. It is only a little longer: when a worker crashes, the slot of its
      // destination stays closed until the message is visible again. Early visibility (of a throttled batch) is harmless: only
      // one worker gets the claim. The usual six-fold would close a slot for half an hour without benefit.
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

/** AWS's rule for event sources of standard queues: time for Lambda to retry a throttled batch. */
function sixTimes(timeout: Duration): Duration {
  return Duration.seconds(6 * timeout.toSeconds());
}
