import { Aws, Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Functions } from './functions.ts';
import type { MailMetrics } from './metrics.ts';
import type { Queues } from './queues.ts';
import { screensWidget } from './widget.ts';

const period = Duration.minutes(1);
const width = 12;

export interface MailDashboardProps {
  readonly functions: Functions;
  readonly queues: Queues;
  readonly metrics: MailMetrics;
}

/** One page of graphs: how much mail waits where, and which function is in trouble. */
export class MailDashboard extends Construct {
  /** Where a browser finds it. */
  readonly url: string;

  constructor(scope: Construct, id: string, { functions, queues, metrics }: MailDashboardProps) {
    super(scope, id);
    const { dashboardName } = new cloudwatch.Dashboard(this, 'Dashboard', {
      defaultInterval: Duration.hours(12),
      widgets: [
        [screensWidget(functions)],
        [waiting(queues), troubled(queues)],
        [failures(functions), durations(functions)],
        [graph('In doubt: the message may be delivered more than once', [metrics.metricInDoubt()])],
      ],
    });
    this.url =
      `https://${Aws.REGION}.console.aws.amazon.com/cloudwatch/home?region=${Aws.REGION}` +
      `#dashboards/dashboard/${dashboardName}`;
  }
}

/** Messages that may be taken now. What waits for its time is in the table, and shows here only as it falls due. */
function waiting({ incoming, active, deferred, bounce }: Queues): cloudwatch.GraphWidget {
  return graph('Waiting in the queues', [
    depth('incoming', incoming),
    depth('active', active),
    depth('deferred, due', deferred),
    depth('bounce, to be reported', bounce),
    deferred.metricApproximateNumberOfMessagesDelayed({ label: 'deferred, due within 15 minutes', period }),
  ]);
}

/** SQS does not count messages that it moves to dead letters as sent, so depth is what to look at. */
function troubled({ corrupt, deadLetters }: Queues): cloudwatch.GraphWidget {
  return graph('Corrupt requests and dead letters', [
    depth('corrupt', corrupt),
    ...Object.entries(deadLetters).map(([name, queue]) => depth(`dead letters of ${name}`, queue)),
  ]);
}

function failures(functions: Functions): cloudwatch.GraphWidget {
  return graph(
    'Function errors and throttles',
    each(functions, (name, fn) => [
      fn.metricErrors({ label: `${name} errors`, period }),
      fn.metricThrottles({ label: `${name} throttles`, period }),
    ]),
  );
}

function durations(functions: Functions): cloudwatch.GraphWidget {
  return graph(
    'Function durations, slowest in a hundred',
    each(functions, (name, fn) => [fn.metricDuration({ label: name, statistic: 'p99', period })]),
  );
}

function each(
  { qmgr, lmtp, sweep, bounce, check }: Functions,
  metrics: (name: string, fn: lambda.IFunction) => cloudwatch.IMetric[],
): cloudwatch.IMetric[] {
  return Object.entries({ qmgr, lmtp, sweep, bounce, check }).flatMap(([name, fn]) => metrics(name, fn));
}

function depth(label: string, queue: sqs.IQueue): cloudwatch.Metric {
  return queue.metricApproximateNumberOfMessagesVisible({ label, period });
}

function graph(title: string, left: cloudwatch.IMetric[]): cloudwatch.GraphWidget {
  return new cloudwatch.GraphWidget({ title, left, width, leftYAxis: { min: 0 } });
}
