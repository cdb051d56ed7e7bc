/** The screens at the top of the dashboard. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDrawRequest } from '../../../../functions/screens/request.ts';
import { appStack, asText, resource, resourcesOf } from '../../synthesize.ts';

const resources = resourcesOf(appStack());

interface Widget {
  readonly type: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly properties: Record<string, unknown>;
}

test('the dashboard begins with the screens, over its whole width, drawn by showq', () => {
  const body = asText(resource(resources, 'AWS::CloudWatch::Dashboard', 'Dashboard')['DashboardBody']);
  const { widgets } = JSON.parse(body) as { widgets: readonly Widget[] };
  const [first] = widgets;
  assert.ok(first);
  assert.deepEqual([first.type, first.x, first.y, first.width], ['custom', 0, 0, 24]);
  assert.match(String(first.properties['endpoint']), /FunctionsShowq/);
  assert.deepEqual(first.properties['updateOn'], { refresh: true, resize: false, timeRange: false });
  assert.equal(readDrawRequest(first.properties['params']).kind, 'screens');
});

test('showq knows postsuper, and postsuper knows check; the other functions know neither', () => {
  const variables = (name: string) => {
    const { Environment } = resource(resources, 'AWS::Lambda::Function', `Functions${name}`);
    return (Environment as { Variables: Record<string, unknown> }).Variables;
  };
  assert.match(asText(variables('Showq')['POSTSUPER_FUNCTION']), /FunctionsPostsuper/);
  assert.match(asText(variables('Postsuper')['CHECK_FUNCTION']), /FunctionsCheck/);
  for (const name of ['Qmgr', 'Lmtp', 'Sweep', 'Bounce', 'Check']) {
    assert.ok(!('POSTSUPER_FUNCTION' in variables(name)) && !('CHECK_FUNCTION' in variables(name)), name);
  }
});
