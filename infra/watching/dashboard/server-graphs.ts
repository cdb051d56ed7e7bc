/** Graphs of sessions with mail servers, and of what stands in their way. */
import type { GraphWidget } from 'aws-cdk-lib/aws-cloudwatch';
import type { Watched } from '../alarms/watched.ts';
import { graph, lambdaMetric } from './graph.ts';

/** The graphs, two to a line. */
export function serverGraphs({ metrics, functions, maximumConcurrency }: Watched): GraphWidget[][] {
  const sessions = [metrics.metricSessionsOpened(), metrics.metricSessionsReused(), metrics.metric('SessionsStale')];
  const failures = [
    metrics.metricConnectFailures(),
    metrics.metricOutOfStep(),
    metrics.metricTlsFailures(),
    metrics.metricAuthFailures(),
    metrics.metricSecretFaults(),
    metrics.metricDeadlineClamped(),
  ];
  const running = lambdaMetric(functions.lmtp, 'ConcurrentExecutions', 'Maximum', 'lmtp functions that run');
  const line = { value: maximumConcurrency, label: 'as many as there may be' };
  return [
    [
      graph('Sessions', sessions, { unit: 'in 5 minutes' }),
      graph('What stands in the way', failures, { unit: 'in 5 minutes' }),
    ],
    [
      graph('Deliveries at once', [running], { line }),
      graph('Days until the first certificate ends', [metrics.metricCertificateDays()], { unit: 'days' }),
    ],
  ];
}
