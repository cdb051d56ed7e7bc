/** Graphs of sessions with mail servers, and of their failures. */
import type { GraphWidget } from 'aws-cdk-lib/aws-cloudwatch';
import type { Watched } from '../alarms/watched.ts';
import { graph, lambdaMetric } from './graph.ts';

/** Returns the graphs, two per line. */
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
  const running = lambdaMetric(functions.lmtp, 'ConcurrentExecutions', 'Maximum', 'running lmtp functions');
  const line = { value: maximumConcurrency, label: 'maximumConcurrency' };
  return [
    [
      graph('Sessions', sessions, { unit: 'per 5 minutes' }),
      graph('Session failures', failures, { unit: 'per 5 minutes' }),
    ],
    [
      graph('Concurrent lmtp functions', [running], { line }),
      graph('Days until the first certificate expires', [metrics.metricCertificateDays()], { unit: 'days' }),
    ],
  ];
}
