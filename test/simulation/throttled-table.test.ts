/**
 * A table that refuses calls: some of them all the time, or all of them for a while, from the worst moment
 * on. The results of servers are still written, as long as the lease lasts, and no mail is doubled without a
 * report.
 *
 * The simulation runs before the first test begins: Node's test runner watches every promise of a test, and
 * here are many.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closingTime, reserveOf } from '../../functions/queue/items/policy.ts';
import { audit } from './audit.ts';
import { hour } from './outage.ts';
import { printFigures } from './print-figures.ts';
import { SimulatedStack } from './simulated-stack.ts';

const host = 'mail.test';
const second = 1000;
const lmtpTimeout = 300 * second;

/** Milliseconds of the invocation in which a server may be waited for. */
const usable = lmtpTimeout - reserveOf(lmtpTimeout);

/** So many messages within an hour, while a share of the calls of one name is refused. */
async function simulate(name: string, share: number, isThrottlingKnown: boolean): Promise<SimulatedStack> {
  const stack = new SimulatedStack({
    seed: 11,
    servers: { [host]: {} },
    faults: { throttled: (call) => (call === name ? share : 0), isThrottlingKnown },
  });
  for (let n = 0; n < messages; n += 1) {
    stack.submit({ id: `m${n}`, recipients: [`user${n}@${host}`] }, Math.floor((n / messages) * hour));
  }
  await stack.run(24 * hour);
  return stack;
}

const messages = 2000;
const share = 0.02;

const before = audit(await simulate('ledger.finish', share, false));
const steady = await simulate('ledger.finish', share, true);

/**
 * An outage of every call to the table, from the moment at which the agent has the final replies of a
 * transaction.
 *
 * @param takes milliseconds of a transaction
 * @param nth which of the transactions
 */
async function breakOff(outage: number, takes: number, nth = 1): Promise<SimulatedStack> {
  let begun = Number.POSITIVE_INFINITY;
  let replied = 0;
  const hosts = ['a.test', 'b.test', 'c.test'];
  const stack = new SimulatedStack({
    seed: nth,
    servers: Object.fromEntries(hosts.map((name, n) => [name, { takes: [takes + n, takes + n] as const }])),
    faults: { throttled: (_, at) => (at >= begun && at < begun + outage ? 1 : 0) },
    containers: { lmtp: 2 },
  });
  for (const server of stack.servers.values()) {
    server.onReplied = () => {
      replied += 1;
      if (replied === nth) begun = stack.time.wall;
    };
  }
  for (let n = 0; n < 12; n += 1) {
    stack.submit({ id: `m${n}`, recipients: [`user${n}@${hosts[n % 3]}`, `other${n}@${hosts[n % 3]}`] });
  }
  await stack.run(24 * hour);
  assert.ok(Number.isFinite(begun), 'the outage began');
  return stack;
}

interface OutageResult {
  readonly outage: number;
  readonly doubled: number;
  readonly doubledUnnamed: number;
  readonly doubted: number;
  readonly lost: number;
}

async function measure(outage: number, takes: number, nth = 1): Promise<OutageResult> {
  const stack = await breakOff(outage, takes, nth);
  const { doubled, doubledUnnamed, lost } = audit(stack);
  const { size: doubted } = stack.figures.doubted;
  const counts = { doubled: doubled.length, doubledUnnamed: doubledUnnamed.length, lost: lost.length };
  return { outage, ...counts, doubted };
}

/** The replies arrive when hardly more than the reserve is left. */
const slowly = usable - 400;
const proven = reserveOf(lmtpTimeout) - closingTime;
const fromWorst: OutageResult[] = [];
for (let outage = 2 * second; outage <= proven; outage += 2 * second) fromWorst.push(await measure(outage, slowly));
const tooLong = await measure(3 * proven, slowly);

/** The same after the replies of each transaction, with fast servers: most of the lease is left. */
const anywhere: OutageResult[] = [];
for (let nth = 1; nth <= 12; nth += 1) anywhere.push(await measure(240 * second, 2 * second, nth));

/** Claims are refused for hours. */
const claimless = new SimulatedStack({
  seed: 3,
  servers: { [host]: {} },
  faults: {
    throttled: (name, at): number => (name === 'ledger.claim' && at < claimless.time.start + 5 * hour ? 1 : 0),
  },
});
for (let n = 0; n < 100; n += 1) claimless.submit({ id: `m${n}`, recipients: [`user${n}@${host}`] }, n * 60 * second);
await claimless.run(48 * hour);

test('a write of results that is refused once in fifty times doubles nothing, and leaves no recipient in doubt', (t) => {
  const { ends, lost, doubled } = audit(steady);
  assert.deepEqual([ends, lost, doubled], [{ sent: messages }, [], []]);
  assert.equal(steady.figures.doubted.size, 0);
  const refused = steady.figures.notes.get('warn: write refused; it is repeated') ?? 0;
  assert.ok(refused > 0);
  assert.ok(before.doubled.length > 0, 'and it did, where refused writes were given up');
  printFigures(t, { messages, refused, 'doubled before': before.doubled.length, 'doubled now': doubled.length });
});

test(`an outage of the table of up to ${proven / second} s doubles nothing, from the worst moment on`, (t) => {
  for (const result of fromWorst) assert.deepEqual(result, { outage: result.outage, ...nothing });
  printFigures(t, { 'seconds of outage': proven / second, doubled: 0, 'in doubt': 0 });
});

test('if it lasts longer than the lease, recipients that may get the message twice are reported', (t) => {
  assert.equal(tooLong.lost, 0);
  assert.equal(tooLong.doubledUnnamed, 0);
  assert.ok(tooLong.doubled > 0);
  printFigures(t, {
    'seconds of outage': tooLong.outage / second,
    doubled: tooLong.doubled,
    'in doubt': tooLong.doubted,
  });
});

test('an outage of four minutes doubles nothing while servers are fast, whichever replies it begins with', () => {
  for (const result of anywhere) assert.deepEqual(result, { outage: 240 * second, ...nothing });
});

test('claims that are refused for hours count as no attempt and no dead letter', (t) => {
  const { ends, lost, doubled } = audit(claimless);
  assert.deepEqual([ends, lost, doubled], [{ sent: 100 }, [], []]);
  assert.ok(claimless.ledger.items.every(({ attempt, deadLetters }) => attempt === 1 && deadLetters === undefined));
  assert.equal(claimless.figures.notes.get('warn: dead letter of active taken up again'), undefined);
  assert.equal(claimless.figures.doubted.size, 0);
  const handedBack = claimless.figures.notes.get('warn: delivery handed back, since the table refuses calls') ?? 0;
  assert.ok(handedBack > 0);
  printFigures(t, { 'hours without claims': 5, 'handed back': handedBack });
});

const nothing = { doubled: 0, doubledUnnamed: 0, doubted: 0, lost: 0 };
