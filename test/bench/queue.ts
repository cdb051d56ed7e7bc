/**
 * `npm run bench:queue`: the cost of operator commands on a queue of 100,000 waiting messages.
 *
 *     npm run bench:queue -- 20000 # another number of messages
 *
 * The table is dynalite's, in its own process; each command runs in a fresh process. Pages and capacity are
 * what DynamoDB would charge, as far as dynalite counts like it; seconds are those of dynalite on this
 * machine. Memory is one page of an index plus garbage of the runtime: about the same for half and for twice
 * the queue. The exit code is 1 if a command takes more than the aim.
 */
import { startChild } from './support/child.ts';
import type { FullQueue } from './support/full-queue.ts';
import type { CommandCost } from './support/operator-command.ts';
import { formatTable } from './support/statistics.ts';

/** MiB. */
const aim = 400;
const waiting = process.argv[2] ?? '100000';

const commands = [
  'queue',
  'queue --brief --limit 0',
  'queue --oldest --limit 20',
  'queue --destination ONE',
  'queue --in-doubt --limit 0',
  'shape',
  'status',
  'explain DESTINATION',
  'flush --destination ONE --ramp 5m',
];

const support = (name: string) => new URL(`support/${name}`, import.meta.url);
const say = (text: string) => process.stdout.write(`${text}\n`);

await using queue = await startChild<FullQueue>(support('full-queue.ts'), [waiting]);
say(`${Number(waiting).toLocaleString('en-US')} deliveries written in ${queue.said.seconds.toFixed(0)} s`);

const rows: string[][] = [['command', 'deliveries', 'pages', 'read units', 'items read', 'seconds', 'peak, MiB']];
let highest = 0;
for (const command of commands) {
  await using done = await startChild<CommandCost>(support('operator-command.ts'), [command], queue.said.environment);
  const { deliveries, pages, consumed, reads, seconds, peak } = done.said;
  highest = Math.max(highest, peak);
  rows.push([command, ...[deliveries, pages, consumed, reads].map(String), seconds.toFixed(1), peak.toFixed(0)]);
  say(`${command}: ${seconds.toFixed(1)} s`);
}
const isReached = highest < aim;
say(
  `\n${formatTable(rows)}\nhighest peak: ${highest.toFixed(0)} MiB; the aim is less than ${aim} MiB: ${isReached ? 'reached' : 'MISSED'}`,
);
process.exitCode = isReached ? 0 : 1;
