import { Duration } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { Function as LambdaFunctionResource } from 'aws-cdk-lib/aws-lambda';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { sweepInterval } from '../properties/timeouts.ts';
import type { Queues } from '../queue/queues.ts';
import { subscribe } from '../queue/subscription.ts';
import type { Topics } from '../queue/topics.ts';
import type { Functions } from './functions.ts';

/** Records in a batch: the most that SQS returns from a FIFO queue. */
const batchSize = 10;

/**
 * Concurrency of qmgr. Ten functions admit about a thousand requests a second, and leave the rest of the account's concurrency to
 * others while a newsletter arrives.
 */
const qmgrConcurrency = 10;

/** Concurrency of qmgr for dead letters of active: Lambda's minimum, since they are not urgent. */
const drainConcurrency = 2;

/** Concurrency of bounce: enough to report a wave of failures in minutes, and leaves the account's concurrency to delivery. */
const bounceConcurrency = 5;

export interface TriggersProps {
  readonly functions: Functions;
  readonly queues: Queues;
  readonly topics: Topics;
  /** Concurrency of lmtp. */
  readonly maximumConcurrency: number;
}

/** The event sources of the functions. */
export class Triggers extends Construct {
  constructor(scope: Construct, id: string, { functions, queues, topics, maximumConcurrency }: TriggersProps) {
    super(scope, id);
    this.#from('Incoming', queues.incoming, functions.qmgr, qmgrConcurrency);
    this.#from('Deferred', queues.deferred, functions.qmgr, qmgrConcurrency);
    this.#from('DeadLettersOfActive', queues.deadLetters.active, functions.qmgr, drainConcurrency);
    this.#from('Active', queues.active, functions.lmtp, maximumConcurrency);
    this.#from('Bounce', queues.bounce, functions.bounce, bounceConcurrency);
    // SNS does not retry when it lacks permission.
    subscribe(this, 'BounceEvents', topics.bounce, queues.bounce, queues.deadLetters.bounce);
    subscribe(this, 'Notices', topics.notice, queues.bounce, queues.deadLetters.bounce);
    this.#sweepRegularly(functions.sweep);
  }

  /**
   * Sends records of a queue to a function. Only failed records of a batch are retried.
   *
   * Concurrency is bounded here and not reserved at the function: with a reservation Lambda polls more messages than can run, and
   * throttled messages count as received.
   */
  #from(id: string, queue: IQueue, target: LambdaFunctionResource, maxConcurrency: number): void {
    new lambda.EventSourceMapping(this, id, {
      target,
      eventSourceArn: queue.queueArn,
      batchSize,
      maxConcurrency,
      reportBatchItemFailures: true,
    });
  }

  /** A failed sweep is not retried: the next one reads the same table. */
  #sweepRegularly(sweep: LambdaFunctionResource): void {
    sweep.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: sweepInterval });
    new events.Rule(this, 'Sweep', {
      description: 'lambda-lmtp: time to look for deliveries that fall due',
      schedule: events.Schedule.rate(sweepInterval),
      targets: [new LambdaFunction(sweep, { retryAttempts: 0, maxEventAge: Duration.minutes(1) })],
    });
  }
}
