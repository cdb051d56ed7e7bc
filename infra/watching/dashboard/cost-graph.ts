/**
 * The cost per hour of functions, queues, table and logs, from metrics and list prices. S3 is left out: its request metrics cost
 * extra. docs/cost.md has all costs.
 */
import { Duration } from 'aws-cdk-lib';
import { type GraphWidget, type IMetric, MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { queueTableSchema } from '../../../functions/queue/items/table-schema.ts';
import { allFunctions, type Watched } from '../alarms/watched.ts';
import { graph } from './graph.ts';
import type { HourlyPrices } from './prices.ts';

/** The resources with costs. */
export interface Paid extends Pick<Watched, 'functions' | 'queues'> {
  readonly table: TableV2;
  readonly logGroups: readonly ILogGroup[];
  /** Memory of a function in megabytes. */
  readonly memorySize: number;
}

const hour = { period: Duration.hours(1), statistic: 'Sum' } as const;

/** Returns the graph of dollars per hour, by component and in total. */
export function costGraph(paid: Paid, prices: HourlyPrices): GraphWidget {
  const functions = functionCost(paid, prices);
  const queues = queueCost(paid, prices);
  const table = tableCost(paid, prices);
  const logs = logCost(paid, prices);
  const together = new MathExpression({
    label: 'total',
    expression: 'FILL(functions, 0) + FILL(queues, 0) + FILL(tables, 0) + FILL(logs, 0)',
    usingMetrics: { functions, queues, tables: table, logs },
    period: hour.period,
  });
  return graph('Cost, estimated at list prices', [functions, queues, table, logs, together], {
    unit: 'dollars per hour',
  });
}

function functionCost({ functions, memorySize }: Paid, { lambdaTime, lambdaRequest }: HourlyPrices): MathExpression {
  const all = Object.values(allFunctions({ functions }));
  const durations = all.map((fn) => fn.metricDuration(hour));
  const calls = all.map((fn) => fn.metricInvocations(hour));
  const gigabytes = memorySize / 1024;
  return sum('functions', [
    { each: 'ms', metrics: durations, price: (gigabytes * lambdaTime) / 1000 },
    { each: 'calls', metrics: calls, price: lambdaRequest },
  ]);
}

/** The cost of queues. Each message is sent, received and deleted; a request may contain ten, so this is an upper bound. */
function queueCost({ queues }: Paid, { sqsStandard, sqsFifo }: HourlyPrices): MathExpression {
  const { incoming, deferred, bounce, corrupt, active, deadLetters } = queues;
  const requests = (queue: IQueue): IMetric[] => [
    queue.metricNumberOfMessagesSent(hour),
    queue.metricNumberOfMessagesReceived(hour),
    queue.metricNumberOfMessagesDeleted(hour),
    queue.metricNumberOfEmptyReceives(hour),
  ];
  return sum('queues', [
    { each: 'standard', metrics: [incoming, deferred, bounce, corrupt].flatMap(requests), price: sqsStandard },
    { each: 'fifo', metrics: [active, deadLetters.active].flatMap(requests), price: sqsFifo },
  ]);
}

function tableCost({ table }: Paid, { readUnit, writeUnit }: HourlyPrices): MathExpression {
  const indexes = [queueTableSchema.dueIndex.name, queueTableSchema.waitingIndex.name];
  const units = (metricName: string) =>
    [{}, ...indexes.map((GlobalSecondaryIndexName) => ({ GlobalSecondaryIndexName }))].map(
      (index) =>
        new Metric({
          ...{ namespace: 'AWS/DynamoDB', metricName, ...hour },
          dimensionsMap: { TableName: table.tableName, ...index },
        }),
    );
  return sum('table', [
    { each: 'reads', metrics: units('ConsumedReadCapacityUnits'), price: readUnit },
    { each: 'writes', metrics: units('ConsumedWriteCapacityUnits'), price: writeUnit },
  ]);
}

function logCost({ logGroups }: Paid, { logGigabyte }: HourlyPrices): MathExpression {
  const octets = logGroups.map(
    ({ logGroupName }) =>
      new Metric({
        ...{ namespace: 'AWS/Logs', metricName: 'IncomingBytes', ...hour },
        dimensionsMap: { LogGroupName: logGroupName },
      }),
  );
  return sum('logs', [{ each: 'octets', metrics: octets, price: logGigabyte / 2 ** 30 }]);
}

/** Metrics with the same price. */
interface Priced {
  /** Prefix of their names in the expression. */
  readonly each: string;
  readonly metrics: readonly IMetric[];
  /** Dollars per unit. */
  readonly price: number;
}

/** The sum of all metrics times their prices. A missing value counts as 0: an unused queue has no metrics. */
function sum(label: string, priced: readonly Priced[]): MathExpression {
  const named = priced.map(({ each, metrics, price }) => {
    const names = metrics.map((_, index) => `${each}${index}`);
    const total = names.map((name) => `FILL(${name}, 0)`).join(' + ');
    return {
      expression: `(${total}) * ${decimal(price)}`,
      entries: names.map((name, index) => [name, metrics[index]]),
    };
  });
  return new MathExpression({
    label,
    expression: named.map(({ expression }) => expression).join(' + '),
    usingMetrics: Object.fromEntries(named.flatMap(({ entries }) => entries)) as Record<string, IMetric>,
    period: hour.period,
  });
}

/** Formats a number without exponent, which metric math does not support. */
function decimal(price: number): string {
  return price.toFixed(18).replace(/\.?0+$/, '');
}
