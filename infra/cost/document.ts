/** The tables of docs/cost.md. `npm run bench:cost` prints the first two of a new run. */
import { type FixedCost, hoursOfMonth } from './fixed.ts';
import { costedFunctions, type Figures, type Measurement, type Way, ways } from './measurement.ts';
import {
  assumptions,
  blend,
  type Component,
  type Costs,
  components,
  costOf,
  price,
  submissionCost,
  totalOf,
} from './model.ts';
import { prices } from './prices.ts';

const million = 1_000_000;

/** Seconds of a slow server, for the last column. */
const slow = 2;

/** Returns the measurement and its costs. */
export function figuresText(measurement: Measurement): string {
  const { date, machine, deliveries } = measurement;
  const counts = Object.values(deliveries).reduce((sum, count) => sum + count, 0);
  return [
    `Measured on ${date} with ${counts} deliveries (${machine}).`,
    measuredTable(measurement),
    'Dollars for a million deliveries:',
    costTable(measurement),
  ].join('\n\n');
}

/** Returns the monthly costs, and a comparison. */
export function monthlyText(measurement: Measurement, fixed: readonly FixedCost[]): string {
  const rows = fixed.map(({ what, count, dollars }) => [what, count, dollars.toFixed(2)]);
  const sum = fixed.reduce((total, { dollars }) => total + dollars, 0);
  return [
    markdown([['per month', 'number', 'dollars'], ...rows, ['**total**', '', `**${sum.toFixed(2)}**`]]),
    comparisonTable(totalOf(costOf(measurement.figures.sent)), sum),
  ].join('\n\n');
}

/** Returns the table of prices. */
export function pricesText(): string {
  const rows = Object.values(prices).map(({ dollars, unit, source }) => [
    unit,
    dollars < 0.0001 ? `${(dollars * million).toPrecision(3)} / million` : String(dollars),
    source,
  ]);
  return markdown([['price of a', 'dollars', 'source'], ...rows]);
}

function measuredTable({ figures }: Measurement): string {
  const names = Object.keys(ways) as Way[];
  const row = (title: string, figure: (figures: Figures) => number, digits = 2) => [
    title,
    ...names.map((name) => figure(figures[name]).toFixed(digits)),
  ];
  const used = costedFunctions.filter((name) => name !== 'sweep');
  return markdown([
    ['for one delivery', ...names.map((name) => ways[name])],
    ...used.map((name) => row(`${name}: invocations`, ({ functions }) => functions[name].invocations)),
    ...used.map((name) => row(`${name}: CPU, ms`, ({ functions }) => functions[name].cpu * 1000, 1)),
    ...used.map((name) => row(`${name}: requests to AWS`, ({ functions }) => functions[name].calls, 1)),
    row('requests to standard queues', ({ sqsStandard }) => sqsStandard),
    row('requests to FIFO queues', ({ sqsFifo }) => sqsFifo),
    row('S3 GET and HEAD', ({ s3Gets }) => s3Gets),
    row('S3 PUT', ({ s3Puts }) => s3Puts),
    row('SNS publications', ({ snsPublishes }) => snsPublishes),
    row('write units, table', ({ writeUnits }) => writeUnits),
    row('write units, indexes', ({ indexUnits }) => indexUnits),
    row('read units', ({ readUnits }) => readUnits),
    row('octets of logs', ({ logOctets }) => logOctets, 0),
  ]);
}

function costTable({ figures }: Measurement): string {
  const sent = costOf(figures.sent);
  const columns: readonly (readonly [string, Costs])[] = [
    ['sent at once', sent],
    ['one at a time', costOf(figures.single)],
    ['10 % deferred once', blend(sent, costOf(figures.deferred), 0.1)],
    ['1 % bounced', blend(sent, costOf(figures.bounced), 0.01)],
    [`server takes ${slow} s`, costOf(figures.sent, slow)],
  ];
  const rows = (Object.keys(components) as Component[]).map((name) => [
    components[name],
    ...columns.map(([, costs]) => (costs[name] * million).toFixed(2)),
  ]);
  return markdown([
    ['', ...columns.map(([title]) => title)],
    ...rows,
    ['**total**', ...columns.map(([, costs]) => `**${(totalOf(costs) * million).toFixed(2)}**`)],
    ['in addition: cost of the producer', ...columns.map(() => (submissionCost() * million).toFixed(2))],
  ]);
}

/** Monthly costs by number of deliveries, compared with other solutions. */
function comparisonTable(each: number, fixed: number): string {
  const volumes = [100_000, million, 10 * million, 50 * million];
  const pair = (hour: number) => 2 * hoursOfMonth * hour;
  const machines = pair(prices.instanceHour.dollars) + price('volumeMonth', 2 * 8);
  const tasks = pair(price('fargateCpu', 0.25) + price('fargateMemory', 0.5));
  const row = (title: string, dollars: (count: number) => number) => [
    title,
    ...volumes.map((count) => dollars(count).toFixed(0)),
  ];
  return markdown([
    ['dollars per month, by deliveries', ...volumes.map((count) => count.toLocaleString('en-US'))],
    row('lambda-lmtp', (count) => fixed + each * count),
    row(
      'lambda-lmtp, with three interface endpoints in two zones',
      (count) => fixed + each * count + price('endpointHour', 6 * hoursOfMonth),
    ),
    row('Postfix on two t4g.small, 8 GB of disk each', () => machines),
    row(
      'a poller in two Fargate tasks (0.25 vCPU, 0.5 GB), with queue and bodies',
      (count) => tasks + count * pollerCost(),
    ),
    row(
      'SES Mail Manager, which relays over SMTP only',
      (count) => prices.ingressMonth.dollars + price('ingressMail', count),
    ),
  ]);
}

/** The cost of a poller for a message: receive and delete, a body, a line of log. It has no state, so no writes. */
function pollerCost(): number {
  return price('sqsStandard', 2) + price('s3Get', 1) + price('logGigabyte', 400 / 1e9);
}

/** The assumptions as text. */
export const assumed = {
  call: `${assumptions.call * 1000} ms`,
  server: `${assumptions.server * 1000} ms`,
  cpuShare: assumptions.cpuShare.toFixed(2),
} as const;

function markdown(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows;
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, column) => (column === 0 ? '---' : '---:'));
  return [line(head), line(rule), ...body.map(line)].join('\n');
}
