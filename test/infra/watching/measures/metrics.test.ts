import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type MetricName, type MetricRow, metricTable } from '../../../../functions/metrics/catalogue.ts';
import { type DestinationMetricName, MailMetrics } from '../../../../infra/watching/measures/metrics.ts';
import { construct, resourcesOf, resourcesOfType } from '../../synthesize.ts';

const namespace = 'LambdaLmtp/StackDelivery';
const one = 'inet:one.example:24';
const metrics = new MailMetrics({ namespace, transport: 'lmtp', destinations: [one] });

test('every metric is available by its name, as its functions write it', () => {
  for (const [name, { statistic, about }] of Object.entries<MetricRow>(metricTable)) {
    const metric = metrics.metric(name as MetricName);
    assert.deepEqual([metric.namespace, metric.metricName, metric.label], [namespace, name, about]);
    assert.deepEqual(metric.dimensions, { transport: 'lmtp' });
    assert.equal(metric.statistic, statistic);
    assert.equal(metric.period.toMinutes(), 5);
  }
});

test('a method is named after its metric', () => {
  const methods = Object.getOwnPropertyNames(MailMetrics.prototype).filter((name) => /^metric[A-Z]/.test(name));
  assert.ok(methods.length > 20);
  for (const method of methods.filter((name) => name !== 'metricFor')) {
    const metric = metrics[method as 'metricSent']();
    assert.equal(`metric${metric.metricName}`, method);
  }
});

test('a watched destination has its own metrics', () => {
  const { dimensions } = metrics.metricFor(one, 'Sent');
  assert.deepEqual(dimensions, { transport: 'lmtp', destination: one });
});

test('any other destination has none: the error lists the watched ones', () => {
  assert.throws(() => metrics.metricFor('inet:two.example:24', 'Sent'), /inet:two\.example:24.*inet:one\.example:24/s);
  const none = new MailMetrics({ namespace, transport: 'lmtp', destinations: [] });
  assert.throws(() => none.metricFor(one, 'Sent'), /watchedDestinations: none/);
});

test('a metric that destinations do not have cannot be requested for one', () => {
  // @ts-expect-error: octets are counted for the transport alone.
  const name: DestinationMetricName = 'Bytes';
  assert.ok(!('perDestination' in metricTable[name]));
});

test('the statistics of a metric may be changed; its identity stays', () => {
  const metric = metrics.metricDelay({ statistic: 'p50', label: 'median' });
  assert.deepEqual([metric.statistic, metric.label, metric.metricName], ['p50', 'median', 'Delay']);
});

test('functions write where the construct reads, and every metric of an alarm is written', () => {
  const { stack, delivery } = construct(() => ({ destination: 'inet:one.example:24', transport: 'customers' }));
  const resources = resourcesOf(stack);
  const functions = Object.values(resourcesOfType(resources, 'AWS::Lambda::Function'));
  const given = functions.flatMap(({ Properties }) => {
    const { Variables = {} } = (Properties['Environment'] ?? {}) as { Variables?: Record<string, unknown> };
    return 'METRICS_NAMESPACE' in Variables
      ? [[Variables['METRICS_NAMESPACE'], Variables['WATCHED_DESTINATIONS'], Variables['TRANSPORT']]]
      : [];
  });
  assert.ok(given.length >= 4);
  for (const values of given) assert.deepEqual(values, [delivery.metrics.namespace, one, 'customers']);

  const watched = Object.values(resourcesOfType(resources, 'AWS::CloudWatch::Alarm')).flatMap(({ Properties }) => [
    Properties as unknown as WatchedMetric,
    ...((Properties['Metrics'] ?? []) as { MetricStat?: { Metric: WatchedMetric } }[]).flatMap(({ MetricStat }) =>
      MetricStat === undefined ? [] : [MetricStat.Metric],
    ),
  ]);
  const ours = watched.filter(({ Namespace }) => Namespace === delivery.metrics.namespace);
  assert.ok(ours.length > 5);
  for (const { MetricName: name = '', Dimensions } of ours) {
    assert.ok(Object.hasOwn(metricTable, name), name);
    assert.ok(
      Dimensions?.some(({ Name, Value }) => Name === 'transport' && Value === 'customers'),
      name,
    );
  }
});

/** A metric of an alarm. */
interface WatchedMetric {
  readonly Namespace?: string;
  readonly MetricName?: string;
  readonly Dimensions?: readonly { readonly Name: string; readonly Value: string }[];
}
