/** The metric of each alarm, from metrics of the functions and of AWS. */
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

/** What one alarm watches. */
export interface Measure {
  /** A function or queue; empty if there is only one alarm of this name. */
  readonly subject: string;
  readonly metric: IMetric;
  /** In the unit of the metric. */
  readonly threshold: number;
  /** Number of consecutive values that must breach the threshold. */
  readonly values: number;
}

const secondsOfHour = 3600;

const { dueIndex, waitingIndex } = queueTableSchema;

/** Returns what the alarms of a name watch: one measure for each alarm. */
export function measuresOf(name: AlarmName, watched: Watched, { value, minutes }: Threshold): readonly Measure[] {
  const { metrics, queues, functions } = watched;
  const within = Duration.minutes(minutes);
  const counted = (metric: MetricName): Measure[] => [once(metrics.metric(metric, { period: within }), value)];
  /** A metric with a value every five minutes, such as those of the sweep. */
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

/** One value over the whole period. */
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
 * How much mail has waited throughout the period without any delivery; 0 if a recipient was delivered to.
 *
 * The minimum counts, so that a message that arrives just before the end of the period raises no alarm. Mail that waits only for a
 * full mailbox does not count: in a night without other mail it would raise alarms. Messages in incoming count too: they are not yet
 * in the table, and qmgr may be failing.
 */
function waitingInVain(metrics: MailMetrics, incoming: IQueue, period: Duration): MathExpression {
  const least = { statistic: 'Minimum', period } as const;
  return new MathExpression({
    label: 'waiting mail without any delivery',
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

/** Percent of sessionBudget in use; without one, percent of maximumConcurrency. */
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
 * Throttled calls of the table or of an index. A throttled index also rejects writes to the table, and has its own metric. Throttles
 * during the creation of an index (OnlineIndexThrottleEvents) do not count: the index is not yet in use.
 */
function throttled(table: TableV2, index: string | undefined, period: Duration): MathExpression {
  const dimensionsMap = {
    TableName: table.tableName,
    ...(index === undefined ? {} : { GlobalSecondaryIndexName: index }),
  };
  const events = (metricName: string) =>
    new Metric({ namespace: 'AWS/DynamoDB', metricName, dimensionsMap, statistic: 'Sum', period });
  return new MathExpression({
    label: 'throttled calls',
    expression: 'FILL(reads, 0) + FILL(writes, 0)',
    usingMetrics: { reads: events('ReadThrottleEvents'), writes: events('WriteThrottleEvents') },
    period,
  });
}

/** Operations that the functions call on the table. */
const operations = [Operation.GET_ITEM, Operation.PUT_ITEM, Operation.UPDATE_ITEM, Operation.QUERY];

/** Calls that DynamoDB answered with 5xx; it has one metric for each operation. */
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
    label: 'errors of DynamoDB',
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
