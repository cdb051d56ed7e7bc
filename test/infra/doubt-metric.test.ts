import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appStack, resource, resourcesOf } from './synthesize.ts';

test('recipients in doubt are counted, whichever function says so, and shown', () => {
  const resources = resourcesOf(appStack());
  const filters = ['DoubtInDelivery', 'DoubtAfterDeath'].map((words) =>
    resource(resources, 'AWS::Logs::MetricFilter', words),
  );
  for (const filter of filters) assert.equal(filter['FilterPattern'], '{ $.in_doubt IS TRUE }');
  const [delivery, death] = filters;
  assert.deepEqual(delivery?.['MetricTransformations'], death?.['MetricTransformations']);
  assert.notDeepEqual(delivery?.['LogGroupName'], death?.['LogGroupName']);
  const [metric] = (delivery?.['MetricTransformations'] ?? []) as Record<string, string>[];
  const dashboard = JSON.stringify(resource(resources, 'AWS::CloudWatch::Dashboard', 'Dashboard'));
  assert.ok(dashboard.includes(metric?.['MetricNamespace'] ?? '(none)'), 'the dashboard shows it');
});
