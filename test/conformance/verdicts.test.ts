/**
 * The conformance table: every recorded scenario, played twice against our client. With
 * strict_postfix_verdicts=yes it agrees with Postfix; with our own defaults it differs exactly where
 * deviations.ts says, and why.
 */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { deviations, doubts, reasonFor } from './deviations.ts';
import { type Difference, replay } from './replay.ts';
import { type Caveat, loadScenario, type Scenario, scenarioNames } from './scenario.ts';

/** The observation is an accident, or another program's: there is nothing to agree with. */
const incomparable: ReadonlySet<Caveat> = new Set<Caveat>([
  'pipelined-quit',
  'desynchronised',
  'kernel-race',
  'no-verdict',
  'postfix-tables',
  'qmgr',
]);

const scenarios = scenarioNames().map(loadScenario);

/** Recipients in doubt, by scenario, with strict_postfix_verdicts=yes. */
const strictDoubts = new Map<string, number>();
/** The same with our own defaults. */
const ownDoubts = new Map<string, number>();

const isComparable = ({ caveats }: Scenario) => !caveats.some((caveat) => incomparable.has(caveat));
const show = (differences: readonly Difference[]) => differences.map(({ aspect, detail }) => `${aspect}: ${detail}`);

describe('with strict_postfix_verdicts=yes, the verdict is Postfix’s', { concurrency: 16 }, () => {
  const agreed = new Map<string, [number, number]>();
  for (const scenario of scenarios.filter(isComparable)) {
    test(`${scenario.name}: ${scenario.about}`, async () => {
      const counts = agreed.get(scenario.group) ?? [0, 0];
      agreed.set(scenario.group, counts);
      counts[1] += 1;
      const { differences, inDoubt } = await replay(scenario, true);
      strictDoubts.set(scenario.name, inDoubt);
      assert.deepEqual(show(differences), []);
      counts[0] += 1;
    });
  }
  after(() => {
    const groups = [...agreed].sort(([a], [b]) => (a < b ? -1 : 1));
    const sum = (which: 0 | 1) => groups.reduce((total, [, counts]) => total + counts[which], 0);
    const parts = groups.map(([group, [agree, all]]) => `${group} ${agree}/${all}`);
    console.log(`agree with Postfix: ${sum(0)} of ${sum(1)} (${parts.join(', ')})`);
  });
});

describe('with our own defaults, every difference is listed with its reason', { concurrency: 16 }, () => {
  for (const scenario of scenarios) {
    const reason = reasonFor(scenario.name);
    const skip = scenario.caveats.includes('no-verdict') && 'Postfix gave no verdict';
    const name = `${scenario.name}${reason === undefined ? '' : ` differs: ${reason}`}`;
    test(name, { skip }, async () => {
      const { differences, inDoubt } = await replay(scenario, false);
      ownDoubts.set(scenario.name, inDoubt);
      if (reason !== undefined) assert.notDeepEqual(differences, [], 'the list of deviations is stale');
      // Where the observation is an accident, it is sufficient that the delivery ends.
      else if (isComparable(scenario)) assert.deepEqual(show(differences), []);
    });
  }
});

test('a scenario with more recipients in doubt than with a strict Postfix is listed with its reason', () => {
  const more = [...ownDoubts].filter(
    ([name, count]) => count > (strictDoubts.get(name) ?? count) && reasonFor(name) === undefined,
  );
  assert.deepEqual(more.map(([name]) => name).toSorted(), Object.values<readonly string[]>(doubts).flat().toSorted());
});

test('the list of deviations names each scenario once, and only existing scenarios', () => {
  const listed = Object.values<readonly string[]>(deviations).flat();
  assert.equal(new Set(listed).size, listed.length);
  const known = new Set(scenarioNames());
  assert.deepEqual(
    listed.filter((name) => !known.has(name)),
    [],
  );
});
