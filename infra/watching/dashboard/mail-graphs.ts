/** Graphs of mail: arrival and departure, verdicts, delays, waiting mail. */
import { type GraphWidget, MathExpression, type Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { type MetricName, metricTable } from '../../../functions/metrics/catalogue.ts';
import type { MailMetrics } from '../measures/metrics.ts';
import { graph, sweepPeriod } from './graph.ts';

/** Returns the graphs, two per line. */
export function mailGraphs(metrics: MailMetrics): GraphWidget[][] {
  return [
    [arrivalAndDeparture(metrics), verdicts(metrics)],
    [
      reasons(metrics, 'Deferred', 'Why recipients were deferred'),
      reasons(metrics, 'Bounced', 'Why recipients bounced'),
    ],
    [delays(metrics), parts(metrics)],
    [deferredByDestination(metrics), oldestByDestination(metrics)],
    [volume(metrics), waiting(metrics)],
  ];
}

/** Recipients that arrived, and that left the queue. Above zero, the queue grows. */
function arrivalAndDeparture(metrics: MailMetrics): GraphWidget {
  const [arrived, sent, bounced] = [metrics.metricArrived(), metrics.metricSent(), metrics.metricBounced()];
  const growth = new MathExpression({
    label: 'growth of the queue',
    expression: 'FILL(arrived, 0) - FILL(sent, 0) - FILL(bounced, 0)',
    usingMetrics: { arrived, sent, bounced },
    period: sweepPeriod,
  });
  return graph('Arrival and departure, recipients', [arrived, sent, growth], { unit: 'per 5 minutes' });
}

function verdicts(metrics: MailMetrics): GraphWidget {
  const all = [metrics.metricSent(), metrics.metricDeferred(), metrics.metricBounced(), metrics.metricInDoubt()];
  return graph('Verdicts, recipients', all, { unit: 'per 5 minutes' });
}

/** Recipients by the subject of the enhanced status. */
function reasons(metrics: MailMetrics, failed: 'Deferred' | 'Bounced', title: string): GraphWidget {
  const names = (Object.keys(metricTable) as MetricName[]).filter((name) => name.startsWith(failed) && name !== failed);
  return graph(
    title,
    names.map((name) => metrics.metric(name)),
    { unit: 'per 5 minutes', stacked: true },
  );
}

function delays(metrics: MailMetrics): GraphWidget {
  const at = (statistic: string, label: string) => metrics.metricDelay({ statistic, label });
  return graph('From arrival to delivery', [at('p50', 'p50'), at('p95', 'p95'), at('p99', 'p99')], { unit: 'seconds' });
}

/** Postfix's delays=a/b/c/d. */
function parts(metrics: MailMetrics): GraphWidget {
  const names = ['DelayBeforeActive', 'DelayInActive', 'DelaySetUp', 'DelayTransfer'] as const;
  const all = names.map((name) => metrics.metric(name, { statistic: 'p95' }));
  return graph('Parts of the delay (delays=a/b/c/d), p95', all, { unit: 'seconds' });
}

function deferredByDestination(metrics: MailMetrics): GraphWidget {
  return graph('Deferred by destination', byDestination(metrics, 'Deferred'), { unit: 'recipients per 5 minutes' });
}

function oldestByDestination(metrics: MailMetrics): GraphWidget {
  const line = { value: 3600, label: 'an hour' };
  return graph('Age of the oldest waiting mail, by destination', byDestination(metrics, 'OldestDeferred'), {
    unit: 'seconds',
    line,
  });
}

/** The sum of all destinations, and the watched ones. */
function byDestination(metrics: MailMetrics, name: 'Deferred' | 'OldestDeferred'): Metric[] {
  const each = metrics.destinations.map((destination) => metrics.metricFor(destination, name, { label: destination }));
  return [metrics.metric(name, { label: 'all' }), ...each];
}

function volume(metrics: MailMetrics): GraphWidget {
  return graph('Octets sent', [metrics.metric('Bytes')], { unit: 'per 5 minutes' });
}

function waiting(metrics: MailMetrics): GraphWidget {
  const all = [
    metrics.metricWaiting(),
    metrics.metricWaitingForMailbox(),
    metrics.metricHeld(),
    metrics.metricExpiringSoon(),
    metrics.metricStranded(),
    metrics.metricHeldInDoubt(),
  ];
  return graph('Waiting deliveries', all);
}
