/**
 * Round trips: how often the server has sent all its replies and client and server wait for each other. The
 * proof that a session is in step must not cost another round trip for each message.
 */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { closeSessions, deliverMessage, makeAgentFor } from './campaign.ts';
import { type Decision, nameOf, type Scenario } from './scenario.ts';
import { startOutOfStepServer } from './server.ts';

/** Returns the round trips until each message is finished, on one session. */
async function countTurns(decisions: readonly Decision[], pipelining: boolean, messages: number): Promise<number[]> {
  const draft = { decisions, pipelining, messages };
  const scenario: Scenario = { name: nameOf(draft), ...draft };
  await using server = await startOutOfStepServer(scenario);
  const agent = makeAgentFor(scenario);
  const turns: number[] = [];
  for (let message = 1; message <= messages; message++) {
    await deliverMessage(scenario, server, agent, message);
    turns.push(server.turns);
  }
  assert.equal(server.connections, 1);
  await closeSessions(agent);
  return turns;
}

describe('round trips on a warm session', { concurrency: true }, () => {
  const lines: string[] = [];
  const cases = [1, 3].flatMap((recipients) => [true, false].map((pipelining) => ({ recipients, pipelining })));
  for (const { recipients, pipelining } of cases) {
    const way = pipelining ? 'with PIPELINING' : 'one command at a time';
    const further = pipelining ? 3 : 4 + recipients;
    test(`take ${further} for a further message to ${recipients} recipients ${way}`, async () => {
      const turns = await countTurns(new Array<Decision>(recipients).fill('K'), pipelining, 10);
      const [first = 0] = turns;
      const last = turns.at(-1) ?? 0;
      lines.push(`${recipients} recipients ${way}: one message ${first}, ten ${last}`);
      assert.ok(last - first <= 9 * further, `nine further messages took ${last - first}, not ${9 * further}`);
    });
  }
  after(() => console.log(`round trips: ${lines.toSorted().join('; ')}`));
});
