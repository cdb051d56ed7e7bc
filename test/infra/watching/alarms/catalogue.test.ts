/** The alarms of a stack, each as in the catalogue. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type MetricName, metricTable } from '../../../../functions/metrics/catalogue.ts';
import { functionNames } from '../../../../infra/functions/bundle.ts';
import { alarmNames, alarmTable, anchorOf, longestDescription } from '../../../../infra/watching/alarms/catalogue.ts';
import type { AlarmRow } from '../../../../infra/watching/alarms/row.ts';
import { savedQueries } from '../../../../infra/watching/measures/saved-queries.ts';
import { type AlarmProperties, queriesOf } from '../../../support/alarm-state.ts';
import { appStack, asText, projectFolder, resourcesOf, resourcesOfType, target } from '../../synthesize.ts';

const resources = resourcesOf(appStack());
const alarms = Object.entries(resourcesOfType(resources, 'AWS::CloudWatch::Alarm'));
const manual = readFileSync(join(projectFolder, 'docs/operating.md'), 'utf8');

/** Metrics of AWS that alarms use, by their names in its documents. */
const ofAws: Readonly<Record<string, readonly string[]>> = {
  'AWS/SQS': ['ApproximateNumberOfMessagesVisible', 'ApproximateNumberOfMessagesNotVisible'],
  'AWS/DynamoDB': ['ReadThrottleEvents', 'WriteThrottleEvents', 'SystemErrors'],
  'AWS/Lambda': ['Errors', 'Throttles', 'Invocations', 'ConcurrentExecutions', 'RecursiveInvocationsDropped'],
};

/** The alarms of a name, by logical id. */
function alarmsOf(name: string): [string, AlarmProperties & Record<string, unknown>][] {
  const start = `DeliveryAlarms${name.replace(/^./, (first) => first.toUpperCase())}`;
  return alarms
    .filter(([id]) =>
      new RegExp(
        `^${start}(?:Incoming|Active|Deferred|Bounce|Qmgr|Lmtp|Sweep|Check|Showq|Postsuper|Table|Due|Waiting)?[0-9A-F]{8}$`,
      ).test(id),
    )
    .map(([id, { Properties }]) => [id, Properties as unknown as AlarmProperties & Record<string, unknown>]);
}

describe('every alarm of the catalogue', () => {
  for (const name of alarmNames) {
    const row: AlarmRow = alarmTable[name];
    test(name, () => {
      const made = alarmsOf(name);
      assert.ok(made.length > 0, 'is in the template');
      for (const [id, alarm] of made) {
        const text = String(alarm['AlarmDescription']);
        assert.ok(text.length <= longestDescription, `${id}: CloudWatch accepts ${longestDescription} characters`);
        assert.match(text, /^(?:PAGE|TICKET): .*\b(?:late|lost|twice|waits|do not receive)\b/);
        assert.match(text, /^Safe now: .*lambda-lmtp /m);
        assert.ok(text.endsWith(`More: "${row.heading}" in docs/operating.md#${anchorOf(row.heading)}`), text);
        assert.doesNotMatch(text, /undefined|NaN|\[object|\$\{/);
        const topic = /^DeliveryTopicsAlarm/;
        assert.match(target(alarm['AlarmActions']), topic);
        assert.match(target(alarm['OKActions']), topic);
        assert.equal(alarm.TreatMissingData, row.missing.treatment);
        assert.equal(alarm['ActionsEnabled'] ?? true, true);
        assert.equal(alarm.DatapointsToAlarm, undefined, 'all values in a row must be beyond it');
      }
      if (row.query !== undefined) assert.ok(row.query in savedQueries);
    });
  }

  test('and no other is in the template', () => {
    assert.deepEqual(
      alarms.map(([id]) => id).sort(),
      alarmNames.flatMap((name) => alarmsOf(name).map(([id]) => id)).sort(),
    );
  });
});

test('functions, queues of dead letters, and functions of the loop have one each', () => {
  const count = (name: string) => alarmsOf(name).length;
  const deadLetters = Object.keys(resourcesOfType(resources, 'AWS::SQS::Queue')).filter((id) => /DeadLetters/.test(id));
  assert.equal(count('deadLetters'), deadLetters.length);
  assert.equal(count('functionErrors'), functionNames.length);
  assert.equal(count('functionThrottles'), functionNames.length);
  assert.deepEqual(
    alarmsOf('recursion')
      .map(([, alarm]) => asText(alarm.Dimensions?.[0]?.Value).replace(/[0-9A-F]{8}$/, ''))
      .sort(),
    ['Bounce', 'Lmtp', 'Qmgr', 'Sweep'].map((name) => `DeliveryFunctions${name}`),
  );
});

test('an alarm uses existing metrics: of the catalogue, or of AWS', () => {
  for (const [id, { Properties }] of alarms) {
    const queries = queriesOf(Properties as unknown as AlarmProperties);
    assert.ok(
      queries.some(({ MetricStat }) => MetricStat !== undefined),
      id,
    );
    for (const { MetricStat } of queries) {
      if (MetricStat === undefined) continue;
      const { Namespace, MetricName: metric, Dimensions = [] } = MetricStat.Metric;
      if (Namespace.startsWith('AWS/')) {
        assert.ok(ofAws[Namespace]?.includes(metric), `${id}: ${metric}`);
        assert.ok(Dimensions.some(({ Value }) => typeof Value !== 'string' && target(Value) in resources));
      } else {
        assert.ok(Object.hasOwn(metricTable, metric), `${id}: ${metric}`);
        assert.match(Namespace, /^LambdaLmtp\//);
        assert.deepEqual(Dimensions, [{ Name: 'transport', Value: 'lmtp' }]);
        const { statistic } = metricTable[metric as MetricName];
        const isLeast = metric === 'Waiting';
        assert.equal(MetricStat.Stat, isLeast ? 'Minimum' : statistic, `${id}: ${metric}`);
      }
    }
  }
});

test('CloudWatch evaluates at most a day', () => {
  for (const [id, { Properties }] of alarms) {
    const alarm = Properties as unknown as AlarmProperties;
    for (const { MetricStat } of queriesOf(alarm)) {
      if (MetricStat === undefined) continue;
      assert.ok(MetricStat.Period % 60 === 0 && MetricStat.Period * alarm.EvaluationPeriods <= 86_400, id);
    }
  }
});

describe('docs/operating.md', () => {
  const part = manual.slice(
    manual.indexOf('\n## Alarms\n'),
    manual.indexOf('\n## ', manual.indexOf('\n## Alarms\n') + 1),
  );
  const sections = part.split(/^### /m).slice(1);

  test('has a heading for each alarm, in their order, and no others', () => {
    assert.deepEqual(
      sections.map((section) => section.split('\n')[0]),
      alarmNames.map((name) => alarmTable[name].heading),
    );
  });

  test('states for each its meaning, whether mail is at risk, where to look, what to do and how it ends', () => {
    for (const section of sections) {
      const words = [...section.matchAll(/^\*\*(.+?)\.\*\*/gm)].map(([, word]) => word);
      assert.deepEqual(words, ['Meaning', 'Is mail at risk', 'Where to look', 'What to do', 'How it ends'], section);
    }
  });

  test('names the saved query of the alarm, and no missing one', () => {
    for (const [index, name] of alarmNames.entries()) {
      const { query }: AlarmRow = alarmTable[name];
      const section = sections[index] ?? '';
      if (query !== undefined) assert.ok(section.includes(`*${query}*`), `${name}: ${query}`);
    }
    for (const [, query] of manual.matchAll(/[Qq]uer(?:y|ies) \*(.+?)\*/g))
      assert.ok((query ?? '') in savedQueries, query);
  });

  test('has no heading twice: a link leads to one place', () => {
    const anchors = [...manual.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchorOf(heading ?? ''));
    assert.equal(new Set(anchors).size, anchors.length);
  });
});
