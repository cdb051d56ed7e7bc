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

/** Records that a function gets at once: the most that SQS hands out of a FIFO queue. */
const batchSize = 10;

/**
 * Bound on qmgr, which is quick: ten at once take in some thousand requests a second, and leave the rest of the account's
 * concurrency to others when a newsletter comes in.
 */
const qmgrConcurrency = 10;

/** Bound on qmgr when it drains the dead letters of active, the least that Lambda knows: nobody waits for them. */
const drainConcurrency = 2;

/** Bound on bounce: a wave of failures is told of in minutes, and leaves the account's concurrency to delivery. */
const bounceConcurrency = 5;

export interface TriggersProps {
  readonly functions: Functions;
  readonly queues: Queues;
  readonly topics: Topics;
  /** Bound on lmtp functions that run at once. */
  readonly maximumConcurrency: number;
}

/** What sets each function going. */
export class Triggers extends Construct {
  constructor(scope: Construct, id: string, { functions, queues, topics, maximumConcurrency }: TriggersProps) {
    super(scope, id);
    this.#from('Incoming', queues.incoming, functions.qmgr, qmgrConcurrency);
    this.#from('Deferred', queues.deferred, functions.qmgr, qmgrConcurrency);
    this.#from('DeadLettersOfActive', queues.deadLetters.active, functions.qmgr, drainConcurrency);
    this.#from('Active', queues.active, functions.lmtp, maximumConcurrency);
    this.#from('Bounce', queues.bounce, functions.bounce, bounceConcurrency);
    // What SNS may not send it tries no second time.
    subscribe(this, 'BounceEvents', topics.bounce, queues.bounce, queues.deadLetters.bounce);
    subscribe(this, 'Notices', topics.notice, queues.bounce, queues.deadLetters.bounce);
    this.#sweepRegularly(functions.sweep);
  }

  /**
   * Records of a queue to a function. A record that fails goes back alone, the others of its batch are finished.
   *
   * Concurrency is bounded here and not reserved at the function: with a reserve, SQS is asked for more than can run, and
   * messages that are turned away count as received.
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

  /** A sweep that failed, or could not start, is not repeated: the next one sees the same table, and more. */
  #sweepRegularly(sweep: LambdaFunctionResource): void {
    sweep.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: sweepInterval });
    new events.Rule(this, 'Sweep', {
      description: 'lambda-lmtp: time to look for deliveries that fall due',
      schedule: events.Schedule.rate(sweepInterval),
      targets: [new LambdaFunction(sweep, { retryAttempts: 0, maxEventAge: Duration.minutes(1) })],
    });
  }
}
