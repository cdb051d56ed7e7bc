/**
 * The outage of test/simulation/five-days.test.ts with the times of Postfix: 10,000 messages, five and a half
 * days, 1.2 million attempts. It takes a minute or two:
 *
 *     node infra/local/run.mjs test/bench/outage.ts
 */
import { audit } from '../simulation/audit.ts';
import { day, dead, healthy, stageOutage } from '../simulation/outage.ts';
import { stopwatch } from '../simulation/print-figures.ts';

const outage = 5.5 * day;
const taken = stopwatch();
const stack = stageOutage({
  seed: 1,
  messages: 10_000,
  arriveWithin: day,
  outage,
  others: 2000,
  nullSenders: 20,
  held: 100,
  parameters: { delay_warning_time: '4h' },
});
await stack.run(8 * day);

const { figures, time } = stack;
const { connections, connectTimeouts } = stack.server(dead);
const back = time.start + outage;
const { ends, lost, doubled } = audit(stack);
const report = {
  attempts: figures.attempts.total,
  'with a connection': connections.count(),
  'connect time-outs': connectTimeouts,
  'peak of attempts per minute during the outage': figures.attempts.peak(time.start, back),
  'of connections': connections.peakPerMinute(time.start, back),
  'of connections after it': connections.peakPerMinute(back),
  'most at once after it': connections.mostAtOnce(back),
  ...ends,
  lost: lost.length,
  doubled: doubled.length,
  'slowest to the healthy one': `${figures.slowest.get(healthy)} s`,
  'simulated in': taken(),
};
for (const [what, figure] of Object.entries(report)) process.stdout.write(`${what}: ${figure}\n`);
