/**
 * `npm run bench:memory`: how much more memory a message of 100 MiB takes than one of 4 KiB.
 *
 * The agent makes each delivery in a fresh process, from S3 (the emulator, in its own process) to an LMTP
 * server (one that stores nothing, in another), all on loopback. The large message goes to a server that is
 * faster than S3 and to one that is slower. The figure is the peak of resident memory as the system reports
 * it. The exit code is 1 if the growth is above the aim.
 *
 * Then ten messages of 1 MiB are delivered at once: with lines of 76 octets, and with lines of two. The figure is the ratio of the
 * growths from before.
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
const several = 1024 * 1024;
/** The most memory of short lines, as a multiple of that of long ones. */
const aimedRatio = 1.5;

const support = (name: string) => new URL(`support/${name}`, import.meta.url);

await using store = await startChild<Bodies>(support('body-process.ts'), [
  String(small),
  String(large),
  String(several),
  `${several}:2`,
]);
await using sinks = await startChild<Sinks>(support('sink-process.ts'), ['1']);
const { ports, slowPort } = sinks.said;
const [port = 0] = ports;

const cases = [
  { name: '4 KiB', key: store.said.keys[0], port, times: 1, results: [] as Delivered[] },
  { name: '100 MiB', key: store.said.keys[1], port, times: 1, results: [] as Delivered[] },
  { name: '100 MiB, slow server', key: store.said.keys[1], port: slowPort, times: 1, results: [] as Delivered[] },
  { name: '10 at once of 1 MiB, lines of 76', key: store.said.keys[2], port, times: 10, results: [] as Delivered[] },
  { name: '10 at once of 1 MiB, lines of 2', key: store.said.keys[3], port, times: 10, results: [] as Delivered[] },
] as const;

for (let run = 0; run < runs; run += 1) {
  for (const { key = '', port, times, results } of cases) {
    const args = [store.said.bucket, key, `inet:127.0.0.1:${port}`, String(times)];
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
const [least, fast, slow] = figures.map(({ peak }) => peak);
const growth = Math.max(fast ?? Number.NaN, slow ?? Number.NaN) - (least ?? Number.NaN);
const [long = Number.NaN, short = Number.NaN] = figures.slice(3).map(({ before, peak }) => peak - before);
const ratio = short / long;
const reached = growth < aim && ratio < aimedRatio;
process.stdout.write(`Resident memory of one delivery from S3 to LMTP: median of ${runs} fresh processes each

${formatTable([
  ['message', 'before, MiB', 'peak, MiB', 'seconds'],
  ...figures.map(({ name, before, peak, seconds }) => [name, before.toFixed(1), peak.toFixed(1), seconds.toFixed(2)]),
])}
growth of the peak: ${growth.toFixed(1)} MiB; the aim is less than ${aim} MiB
short lines to long lines: ${ratio.toFixed(2)} times the memory; the aim is less than ${aimedRatio} times
The aims are ${reached ? 'reached' : 'MISSED'}
`);
process.exitCode = reached ? 0 : 1;
