/**
 * 20,000 messages for a slow destination within a minute: they wait in the table, active never fills, another
 * destination flows, and all drain, whatever is lost or doubled.
 *
 * The simulation runs before the first test begins: Node's test runner watches every promise of a test, and
 * here are millions.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { audit } from './audit.ts';
import { day } from './outage.ts';
import { printFigures, stopwatch } from './print-figures.ts';
import { SimulatedStack, type SimulationOptions } from './simulated-stack.ts';

const slow = 'slow.test';
const quick = 'quick.test';
const limit = 20;
const activeLimit = 1000;
const minute = 60_000;
const others = 1000;

async function burst(messages: number, options: Partial<SimulationOptions>, losesAnswers = 0) {
  const taken = stopwatch();
  const servers = { [slow]: { takes: [4000, 12_000] as const, losesAnswers }, [quick]: {} };
  const stack = new SimulatedStack({ seed: 1, servers, ...options });
  for (let n = 0; n < messages; n += 1) {
    stack.submit({ id: `s${n}`, recipients: [`user${n}@${slow}`] }, Math.floor((n / messages) * minute));
  }
  for (let n = 0; n < others; n += 1) stack.submit({ id: `q${n}`, recipients: [`user${n}@${quick}`] }, n * 8000);
  await stack.run(5 * day);
  const { ends, lost, doubled, doubledUnnamed } = audit(stack);
  const figures = {
    'drained within': `${((stack.time.wall - stack.time.start) / 3_600_000).toFixed(1)} h`,
    'most in active': `${stack.figures.mostActive.get(`inet:${slow}:24`)} of ${activeLimit}`,
    'most at once': `${stack.server(slow).connections.mostAtOnce()} of ${limit}`,
    'slowest to the other one': `${stack.figures.slowest.get(quick)} s`,
    ...ends,
    lost: lost.length,
    doubled: doubled.length,
    'not named in doubt': doubledUnnamed.length,
    'simulated in': taken(),
  };
  return { stack, ends, lost, doubled, doubledUnnamed, figures };
}

const fair = await burst(20_000, {});
const roomy = await burst(2000, { containers: { lmtp: 2 * limit } });
const lossy = await burst(20_000, { faults: { queues: { loses: 0.005, doubles: 0.02, reorders: 0.1 } } });
const foul = await burst(
  5000,
  {
    faults: {
      queues: { loses: 0.005, doubles: 0.02, reorders: 0.1 },
      deaths: 0.001,
      failures: 0.002,
      lostAnswers: 0.002,
    },
  },
  0.005,
);

test('active never contains more than qmgr_message_active_limit of it', (t) => {
  printFigures(t, fair.figures);
  for (const { stack } of [fair, roomy, lossy]) {
    const most = stack.figures.mostActive.get(`inet:${slow}:24`) ?? Number.POSITIVE_INFINITY;
    assert.ok(most <= activeLimit, `${most} in active`);
    assert.ok(most > 0.9 * activeLimit, 'and it is used');
  }
});

test('the server never sees more at once than lmtp_destination_concurrency_limit, and never less for long', () => {
  for (const { stack } of [fair, roomy, lossy, foul]) assert.ok(stack.server(slow).connections.mostAtOnce() <= limit);
  // Eight seconds each, twenty at once.
  const ideal = (20_000 * 8) / limit / 3600;
  assert.ok((fair.stack.time.wall - fair.stack.time.start) / 3_600_000 < 1.5 * ideal);
});

test('another destination flows; at once, if there are more containers than one destination can occupy', (t) => {
  const slowest = ({ stack }: typeof fair) => stack.figures.slowest.get(quick) ?? Number.POSITIVE_INFINITY;
  printFigures(t, { 'slowest of others, 20 containers': `${slowest(fair)} s`, '40 containers': `${slowest(roomy)} s` });
  assert.ok(slowest(fair) < 30, `${slowest(fair)} s`);
  assert.ok(slowest(roomy) < 1, `${slowest(roomy)} s`);
});

test('all of it drains, each message once', () => {
  assert.deepEqual([fair.ends, fair.lost, fair.doubled], [{ sent: 20_000 + others }, [], []]);
});

test('all of it drains although messages of the queues are lost, doubled and reordered, each message once', (t) => {
  printFigures(t, lossy.figures);
  assert.deepEqual([lossy.ends, lossy.lost, lossy.doubled], [{ sent: 20_000 + others }, [], []]);
});

test('all of it drains although containers die and calls fail: each doubled recipient was reported in doubt', (t) => {
  printFigures(t, foul.figures);
  assert.deepEqual([foul.ends, foul.lost, foul.doubledUnnamed], [{ sent: 5000 + others }, [], []]);
  assert.ok(foul.stack.figures.doubted.size > 0, 'there was something to doubt');
});
