/** What each alarm looks at: metrics of ours and of AWS, and how they are put together. */
import { Duration } from 'aws-cdk-lib';
import { type IMetric, MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { Operation, type TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { MetricName } from '../../../functions/metrics/catalogue.ts';
import { queueTableSchema } from '../../../functions/queue/items/table-schema.ts';
import { sessionsEach } from '../../properties/session-count.ts';
import type { MailMetrics } from '../measures/metrics.ts';
import type { AlarmName } from './catalogue.ts';
import { minuteStep } from './row.ts';
import type { Threshold } from './thresholds.ts';
import { allFunctions, loopFunctions, type Watched } from './watched.ts';

/** What one alarm looks at. */
export interface Measure {
  /** Which of several: a function, a queue. Empty where there is one alarm of its kind. */
  readonly subject: string;
  readonly metric: IMetric;
  /** In the unit of the metric. */
  readonly threshold: number;
  /** How many values in a row must be beyond it. */
  readonly values: number;
}

const secondsOfHour = 3600;

const { dueIndex, waitingIndex } = queueTableSchema;

/** What the alarms of a name look at: one measure for each alarm. */
export function measuresOf(name: AlarmName, watched: Watched, { value, minutes }: Threshold): readonly Measure[] {
  const { metrics, queues, functions } = watched;
  const within = Duration.minutes(minutes);
  const counted = (metric: MetricName): Measure[] => [once(metrics.metric(metric, { period: within }), value)];
  /** What the sweep says every five minutes, or what has a value in each of them. */
  const lasting = (metric: IMetric, threshold = value, subject = ''): Measure => ({
    subject,
    metric,
    threshold,
    values: minutes / minuteStep,
  });
  switch (name) {
    case 'nothingDelivered':
      return [once(waitingInVain(metrics, queues.incoming, within), value)];
    case 'lateMail':
    case 'veryLateMail':
      return [lasting(metrics.metric('OldestDeferred'), value * secondsOfHour)];
    case 'expiring':
      return [lasting(metrics.metric('ExpiringSoon'))];
    case 'destinationDead':
      return [lasting(metrics.metric('DestinationsDead'))];
    case 'corrupt':
      return [lasting(metrics.metric('CorruptWaiting'))];
    case 'deadLetters':
      return Object.entries(queues.deadLetters).map(([subject, queue]) => lasting(depth(queue), value, subject));
    case 'inDoubt':
      return counted('InDoubt');
    case 'heldInDoubt':
      return counted('HeldInDoubt');
    case 'stranded':
      return counted('Stranded');
    case 'authRefused':
      return counted('AuthFailures');
    case 'tlsFailures':
      return counted('TlsFailures');
    case 'secretUnreadable':
      return counted('SecretFaults');
    case 'deadlineClamped':
      return counted('DeadlineClamped');
    case 'certificateEnds':
      return [once(metrics.metric('CertificateDays', { period: within }), value)];
    case 'tableThrottles':
      return [undefined, dueIndex.name, waitingIndex.name].map((index) =>
        once(throttled(watched.table, index, within), value, index ?? 'table'),
      );
    case 'tableErrors':
      return [once(systemErrors(watched.table, within), value)];
    case 'functionErrors':
      return named(allFunctions(watched), (fn) => fn.metricErrors({ period: within }), value);
    case 'functionThrottles':
      return named(allFunctions(watched), (fn) => fn.metricThrottles({ period: within }), value);
    case 'recursion':
      return named(loopFunctions(watched), (fn) => dropped(fn, within), value);
    case 'sessionBudget':
      return [lasting(used(watched))];
    case 'sweepStopped':
      return [once(functions.sweep.metricInvocations({ period: within }), value)];
  }
}

/** One value over the whole time. */
function once(metric: IMetric, threshold: number, subject = ''): Measure {
  return { subject, metric, threshold, values: 1 };
}

function named(
  functions: Readonly<Record<string, IFunction>>,
  metric: (fn: IFunction) => IMetric,
  threshold: number,
): readonly Measure[] {
  return Object.entries(functions).map(([subject, fn]) => once(metric(fn), threshold, subject));
}

/**
 * How much mail has waited all the time while nobody was delivered to; 0 as soon as somebody is.
 *
 * The least of what waited counts, so that a message which comes just before the end of the time and is delivered just after
 * it alarms nobody. What waits for a full mailbox alone is no sign of
 * anything, in a night without other mail. What lies in incoming waits too: no table has it yet, and qmgr may be the one that cannot work.
 */
function waitingInVain(metrics: MailMetrics, incoming: IQueue, period: Duration): MathExpression {
  const least = { statistic: 'Minimum', period } as const;
  return new MathExpression({
    label: 'waits, and nobody was delivered to',
    expression:
      'IF(FILL(sent, 0) > 0, 0, FILL(waiting, 0) - FILL(mailboxes, 0) + FILL(incoming, 0) + FILL(takenIn, 0))',
    usingMetrics: {
      sent: metrics.metric('Sent', { period }),
      waiting: metrics.metric('Waiting', least),
      mailboxes: metrics.metric('WaitingForMailbox', { period }),
      incoming: incoming.metricApproximateNumberOfMessagesVisible(least),
      takenIn: incoming.metricApproximateNumberOfMessagesNotVisible(least),
    },
    period,
  });
}

/** Percent of the sessions that the mail store has for us; where nobody said how many, of the functions that may run at once. */
function used({ functions, maximumConcurrency, sessionBudget, parameters }: Watched): IMetric {
  const period = Duration.minutes(minuteStep);
  const [each, most] =
    sessionBudget === undefined ? [1, maximumConcurrency] : [sessionsEach(parameters), sessionBudget];
  return new MathExpression({
    label: 'percent used',
    expression: `100 * running * ${each} / ${most}`,
    usingMetrics: { running: functionMetric(functions.lmtp, 'ConcurrentExecutions', 'Maximum', period) },
    period,
  });
}

/**
 * Calls that the table, or an index of it, had no capacity for. A full index turns writes of the table away, and is counted by
 * itself. What an index refuses while it is made (OnlineIndexThrottleEvents) is no mail's: it is then not in use.
 */
function throttled(table: TableV2, index: string | undefined, period: Duration): MathExpression {
  const dimensionsMap = {
    TableName: table.tableName,
    ...(index === undefined ? {} : { GlobalSecondaryIndexName: index }),
  };
  const events = (metricName: string) =>
    new Metric({ namespace: 'AWS/DynamoDB', metricName, dimensionsMap, statistic: 'Sum', period });
  return new MathExpression({
    label: 'calls turned away',
    expression: 'FILL(reads, 0) + FILL(writes, 0)',
    usingMetrics: { reads: events('ReadThrottleEvents'), writes: events('WriteThrottleEvents') },
    period,
  });
}

/** Calls that the functions make to the table. */
const operations = [Operation.GET_ITEM, Operation.PUT_ITEM, Operation.UPDATE_ITEM, Operation.QUERY];

/** Calls that DynamoDB answered with 5xx; it counts them by operation. */
function systemErrors(table: TableV2, period: Duration): MathExpression {
  const errors = operations.map((Operation, index): [string, IMetric] => [
    `m${index}`,
    new Metric({
      namespace: 'AWS/DynamoDB',
      metricName: 'SystemErrors',
      dimensionsMap: { TableName: table.tableName, Operation },
      statistic: 'Sum',
      period,
    }),
  ]);
  return new MathExpression({
    label: 'faults of DynamoDB',
    expression: errors.map(([id]) => `FILL(${id}, 0)`).join(' + '),
    usingMetrics: Object.fromEntries(errors),
    period,
  });
}

function dropped(fn: IFunction, period: Duration): IMetric {
  return functionMetric(fn, 'RecursiveInvocationsDropped', 'Sum', period);
}

function functionMetric(fn: IFunction, metricName: string, statistic: string, period: Duration): Metric {
  return new Metric({
    namespace: 'AWS/Lambda',
    metricName,
    dimensionsMap: { FunctionName: fn.functionName },
    statistic,
    period,
  });
}

function depth(queue: IQueue): Metric {
  return queue.metricApproximateNumberOfMessagesVisible({ period: Duration.minutes(minuteStep) });
}
