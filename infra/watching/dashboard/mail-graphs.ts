/** Graphs of mail: what comes and goes, what became of it, how long it took, where it waits. */
import { type GraphWidget, MathExpression, type Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { type MetricName, metricTable } from '../../../functions/metrics/catalogue.ts';
import type { MailMetrics } from '../measures/metrics.ts';
import { graph, sweepPeriod } from './graph.ts';

/** The graphs, two to a line. */
export function mailGraphs(metrics: MailMetrics): GraphWidget[][] {
  return [
    [arrivalAndDeparture(metrics), verdicts(metrics)],
    [
      reasons(metrics, 'Deferred', 'Why recipients were deferred'),
      reasons(metrics, 'Bounced', 'Why recipients were given up on'),
    ],
    [delays(metrics), parts(metrics)],
    [deferredByDestination(metrics), oldestByDestination(metrics)],
    [volume(metrics), waiting(metrics)],
  ];
}

/** Recipients: what came in, and what left the queue for good. Above zero, the queue grows. */
function arrivalAndDeparture(metrics: MailMetrics): GraphWidget {
  const [arrived, sent, bounced] = [metrics.metricArrived(), metrics.metricSent(), metrics.metricBounced()];
  const growth = new MathExpression({
    label: 'growth of the queue',
    expression: 'FILL(arrived, 0) - FILL(sent, 0) - FILL(bounced, 0)',
    usingMetrics: { arrived, sent, bounced },
    period: sweepPeriod,
  });
  return graph('Arrival and departure, recipients', [arrived, sent, growth], { unit: 'in 5 minutes' });
}

function verdicts(metrics: MailMetrics): GraphWidget {
  const all = [metrics.metricSent(), metrics.metricDeferred(), metrics.metricBounced(), metrics.metricInDoubt()];
  return graph('What became of recipients', all, { unit: 'in 5 minutes' });
}

/** By the subject of the enhanced status. */
function reasons(metrics: MailMetrics, failed: 'Deferred' | 'Bounced', title: string): GraphWidget {
  const names = (Object.keys(metricTable) as MetricName[]).filter((name) => name.startsWith(failed) && name !== failed);
  return graph(
    title,
    names.map((name) => metrics.metric(name)),
    { unit: 'in 5 minutes', stacked: true },
  );
}

function delays(metrics: MailMetrics): GraphWidget {
  const at = (statistic: string, label: string) => metrics.metricDelay({ statistic, label });
  return graph(
    'From arrival to delivery',
    [at('p50', 'the middle'), at('p95', 'one in twenty'), at('p99', 'one in a hundred')],
    { unit: 'seconds' },
  );
}

/** Postfix's delays=a/b/c/d. */
function parts(metrics: MailMetrics): GraphWidget {
  const names = ['DelayBeforeActive', 'DelayInActive', 'DelaySetUp', 'DelayTransfer'] as const;
  const all = names.map((name) => metrics.metric(name, { statistic: 'p95' }));
  return graph('Where the time goes: a, b, c, d of one in twenty', all, { unit: 'seconds' });
}

function deferredByDestination(metrics: MailMetrics): GraphWidget {
  return graph('Deferred by destination', byDestination(metrics, 'Deferred'), { unit: 'recipients in 5 minutes' });
}

function oldestByDestination(metrics: MailMetrics): GraphWidget {
  const line = { value: 3600, label: 'an hour' };
  return graph('Oldest that waits, by destination', byDestination(metrics, 'OldestDeferred'), {
    unit: 'seconds',
    line,
  });
}

/** The watched destinations, and beside them all. */
function byDestination(metrics: MailMetrics, name: 'Deferred' | 'OldestDeferred'): Metric[] {
  const each = metrics.destinations.map((destination) => metrics.metricFor(destination, name, { label: destination }));
  return [metrics.metric(name, { label: 'all' }), ...each];
}

function volume(metrics: MailMetrics): GraphWidget {
  return graph('Octets sent', [metrics.metric('Bytes')], { unit: 'in 5 minutes' });
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
  return graph('What waits, deliveries', all);
}
