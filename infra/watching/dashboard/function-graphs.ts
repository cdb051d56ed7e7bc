/** Graphs of the functions and their queues. */
import type { GraphWidget, IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Queues } from '../../queue/queues.ts';
import { allFunctions, loopFunctions, type Watched } from '../alarms/watched.ts';
import { depth, graph, lambdaMetric, minute } from './graph.ts';

/** Returns the graphs, two per line. */
export function functionGraphs(watched: Watched): GraphWidget[][] {
  const { queues, metrics } = watched;
  return [
    [failures(watched), durations(watched)],
    [
      calls(watched),
      graph('Containers started, and attempts', [metrics.metric('ColdStarts'), metrics.metricAttempts()], {
        unit: 'per 5 minutes',
      }),
    ],
    [waiting(queues), troubled(queues)],
  ];
}

function failures(watched: Watched): GraphWidget {
  return graph('Function errors, throttles and invocations dropped as recursive', [
    ...each(allFunctions(watched), (name, fn) => [
      fn.metricErrors({ label: `${name} errors`, period: minute }),
      fn.metricThrottles({ label: `${name} throttles`, period: minute }),
    ]),
    ...each(loopFunctions(watched), (name, fn) => [
      lambdaMetric(fn, 'RecursiveInvocationsDropped', 'Sum', `${name} dropped`),
    ]),
  ]);
}

function durations(watched: Watched): GraphWidget {
  const longest = each(allFunctions(watched), (name, fn) => [
    fn.metricDuration({ label: name, statistic: 'p99', period: minute }),
  ]);
  return graph('Function durations, p99', longest, { unit: 'milliseconds' });
}

function calls(watched: Watched): GraphWidget {
  const all = each(allFunctions(watched), (name, fn) => [fn.metricInvocations({ label: name, period: minute })]);
  return graph('Invocations of functions', all, { unit: 'per minute' });
}

function each(
  functions: Readonly<Record<string, IFunction>>,
  metrics: (name: string, fn: IFunction) => IMetric[],
): IMetric[] {
  return Object.entries(functions).flatMap(([name, fn]) => metrics(name, fn));
}

/** Visible messages. Mail that waits for its due time is in the table, and is shown here only as it falls due. */
function waiting({ incoming, active, deferred, bounce }: Queues): GraphWidget {
  return graph('Waiting in the queues', [
    depth('incoming', incoming),
    depth('active', active),
    depth('deferred, due', deferred),
    depth('bounce, to be reported', bounce),
    deferred.metricApproximateNumberOfMessagesDelayed({ label: 'deferred, due within 15 minutes', period: minute }),
  ]);
}

/** Depths, since SQS does not count messages that it moves to a dead-letter queue as sent. */
function troubled({ corrupt, deadLetters }: Queues): GraphWidget {
  return graph('Corrupt requests and dead letters', [
    depth('corrupt', corrupt),
    ...Object.entries(deadLetters).map(([name, queue]) => depth(`dead letters of ${name}`, queue)),
  ]);
}
