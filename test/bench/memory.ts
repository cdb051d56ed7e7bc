/**
 * `npm run bench:memory`: how much more memory a message of 100 MiB takes than one of 4 KiB.
 *
 * The agent makes each delivery in a fresh process, from S3 (the emulator, in its own process) to an LMTP
 * server (one that stores nothing, in another), all on loopback. The large message goes to a server that is
 * faster than S3 and to one that is slower. The figure is the peak of resident memory as the system reports
 * it. The exit code is 1 if the growth is above the aim.
 */
import type { Bodies } from './support/body-process.ts';
import { startChild } from './support/child.ts';
import type { Delivered } from './support/deliver-one.ts';
import type { Sinks } from './support/sink-process.ts';
import { formatTable, median } from './support/statistics.ts';

const runs = 3;
/** MiB. */
const aim = 48;
const small = 4096;
const large = 100 * 1024 * 1024;

const support = (name: string) => new URL(`support/${name}`, import.meta.url);

await using store = await startChild<Bodies>(support('body-process.ts'), [String(small), String(large)]);
await using sinks = await startChild<Sinks>(support('sink-process.ts'), ['1']);
const { ports, slowPort } = sinks.said;
const [port = 0] = ports;

const cases = [
  { name: '4 KiB', key: store.said.keys[0], port, results: [] as Delivered[] },
  { name: '100 MiB', key: store.said.keys[1], port, results: [] as Delivered[] },
  { name: '100 MiB, slow server', key: store.said.keys[1], port: slowPort, results: [] as Delivered[] },
] as const;

for (let run = 0; run < runs; run += 1) {
  for (const { key = '', port, results } of cases) {
    const args = [store.said.bucket, key, `inet:127.0.0.1:${port}`];
    await using delivery = await startChild<Delivered>(support('deliver-one.ts'), args, store.said.environment);
    const { status, text } = delivery.said;
    if (status !== 'sent') throw new Error(`not sent, but ${status}: ${text}`);
    results.push(delivery.said);
  }
}

const figures = cases.map(({ name, results }) => ({
  name,
  before: median(results.map(({ before }) => before)),
  peak: median(results.map(({ peak }) => peak)),
  seconds: median(results.map(({ seconds }) => seconds)),
}));
const [least, ...others] = figures.map(({ peak }) => peak);
const growth = Math.max(...others) - (least ?? Number.NaN);
const reached = growth < aim;
process.stdout.write(`Resident memory of one delivery from S3 to LMTP: median of ${runs} fresh processes each

${formatTable([
  ['message', 'before, MiB', 'peak, MiB', 'seconds'],
  ...figures.map(({ name, before, peak, seconds }) => [name, before.toFixed(1), peak.toFixed(1), seconds.toFixed(2)]),
])}
growth of the peak: ${growth.toFixed(1)} MiB; the aim is less than ${aim} MiB: ${reached ? 'reached' : 'MISSED'}
`);
process.exitCode = reached ? 0 : 1;
