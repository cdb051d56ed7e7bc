/** The saved queries of the template; their results are tested with the stories. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { functionNames } from '../../../../infra/functions/bundle.ts';
import { type SavedQuery, savedQueries } from '../../../../infra/watching/measures/saved-queries.ts';
import { appStack, asText, resourcesOf, resourcesOfType } from '../../synthesize.ts';

const resources = resourcesOf(appStack());
const queries = Object.values(resourcesOfType(resources, 'AWS::Logs::QueryDefinition'));

test('each is in the console under the name of the stack and the transport', () => {
  assert.deepEqual(
    queries.map(({ Properties }) => Properties['Name']).toSorted(),
    Object.keys(savedQueries)
      .map((name) => `LambdaLmtp/lmtp/${name}`)
      .toSorted(),
  );
});

test('each searches the logs that contain its lines', () => {
  const logs = (names: readonly string[]) => names.map((name) => `DeliveryFunctions${name}Log`).toSorted();
  const all = functionNames.map((name) => name.replace(/^./, (first) => first.toUpperCase()));
  for (const { Properties } of queries) {
    const query: SavedQuery | undefined = Object.entries(savedQueries).find(([name]) =>
      String(Properties['Name']).endsWith(`/${name}`),
    )?.[1];
    const groups = (Properties['LogGroupNames'] as unknown[]).map((group) => asText(group).slice(0, -8)).toSorted();
    assert.deepEqual(groups, logs(query?.logs === 'all' ? all : ['Qmgr', 'Lmtp', 'Sweep']));
    assert.equal(Properties['QueryString'], query?.lines.join('\n| '));
  }
});

test('the logs of a query are kept for as long as configured', () => {
  const groups = Object.values(resourcesOfType(resources, 'AWS::Logs::LogGroup'));
  assert.equal(groups.length, functionNames.length);
  for (const { Properties } of groups) assert.equal(Properties['RetentionInDays'], 90);
});
