/**
 * What mail costs: the figures of a measurement times list prices, and assumptions about what no local stack can show.
 */
import { type CostedFunction, costedFunctions, type Figures } from './measurement.ts';
import { type PriceName, prices } from './prices.ts';

/** What is assumed of AWS and of the mail server. */
export const assumptions = {
  /** GB of memory of each function (the default of `memorySize`). */
  memory: 0.5,
  /** vCPU that come with it: one comes with 1,769 MB. */
  cpuShare: 512 / 1769,
  /** Seconds for one request to an AWS service, as if none ran beside another. */
  call: 0.008,
  /** Seconds that a mail server takes for a delivery over an open session. */
  server: 0.03,
  /** Share of invocations that start a container, and seconds of loading that are billed then. */
  coldStarts: 0.01,
  coldStart: 0.6,
  /** Octets that Lambda itself writes to the log for each invocation. */
  platformLog: 450,
} as const;

/** Dollars by component. */
export type Costs = Readonly<Record<Component, number>>;

/** Components, in the order of the table. */
export const components = {
  lambdaTime: 'Lambda: time',
  lambdaRequests: 'Lambda: invocations',
  sqsStandard: 'SQS: incoming, deferred, bounce',
  sqsFifo: 'SQS FIFO: active',
  writes: 'DynamoDB: writes',
  indexes: 'DynamoDB: writes of the indexes',
  reads: 'DynamoDB: reads',
  s3: 'S3: bodies read, reports written',
  sns: 'SNS',
  logs: 'CloudWatch Logs',
} as const;
export type Component = keyof typeof components;

/**
 * What one delivery costs, in dollars.
 *
 * @param server seconds that the mail server takes
 */
export function costOf(figures: Figures, server: number = assumptions.server): Costs {
  const { functions } = figures;
  const invocations = sumOf((name) => functions[name].invocations);
  const seconds = sumOf((name) => billedSeconds(figures, name, server));
  const logOctets = figures.logOctets + invocations * assumptions.platformLog;
  // An event source receives a batch with one request and deletes it with another. The sweep has none.
  const fromStandard = 2 * (functions.qmgr.invocations + functions.bounce.invocations);
  return {
    lambdaTime: price('lambdaTime', seconds * assumptions.memory),
    lambdaRequests: price('lambdaRequest', invocations),
    sqsStandard: price('sqsStandard', figures.sqsStandard + fromStandard),
    sqsFifo: price('sqsFifo', figures.sqsFifo + 2 * functions.lmtp.invocations),
    writes: price('writeUnit', figures.writeUnits),
    indexes: price('writeUnit', figures.indexUnits),
    reads: price('readUnit', figures.readUnits),
    s3: price('s3Get', figures.s3Gets) + price('s3Put', figures.s3Puts),
    sns: price('snsPublish', figures.snsPublishes),
    logs: price('logGigabyte', logOctets / 1e9),
  };
}

/** What the producer pays to hand a message in: its body, its request, and a month of 20 kB. */
export function submissionCost(): number {
  return price('s3Put', 1) + price('sqsStandard', 1) + price('s3Month', 20_000 / 1e9);
}

/** Seconds of a function that are billed for one delivery. */
export function billedSeconds({ functions }: Figures, name: CostedFunction, server: number): number {
  const { cpu, calls, invocations } = functions[name];
  const waiting = calls * assumptions.call + (name === 'lmtp' ? server : 0);
  return cpu / assumptions.cpuShare + waiting + invocations * assumptions.coldStarts * assumptions.coldStart;
}

/** Some of one way and some of another, as costs of one delivery. */
export function blend(one: Costs, other: Costs, share: number): Costs {
  const names = Object.keys(components) as Component[];
  return Object.fromEntries(names.map((name) => [name, one[name] * (1 - share) + other[name] * share])) as Costs;
}

/** All components together. */
export function totalOf(costs: Costs): number {
  return Object.values(costs).reduce((sum, cost) => sum + cost, 0);
}

/** So many of something, in dollars. */
export function price(name: PriceName, count: number): number {
  return prices[name].dollars * count;
}

function sumOf(figure: (name: CostedFunction) => number): number {
  return costedFunctions.reduce((sum, name) => sum + figure(name), 0);
}
