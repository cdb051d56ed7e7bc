/**
 * The cost of mail: measured use times list prices, with assumptions about what a local stack cannot measure.
 */
import { type CostedFunction, costedFunctions, type Figures } from './measurement.ts';
import { type PriceName, prices } from './prices.ts';

/** Assumptions about AWS and the mail server. */
export const assumptions = {
  /** GB of memory of each function (the default of `memorySize`). */
  memory: 0.5,
  /** vCPU for this memory: one for 1,769 MB. */
  cpuShare: 512 / 1769,
  /** Seconds for one request to an AWS service; requests are assumed to be sequential. */
  call: 0.008,
  /** Seconds of a mail server for a delivery over an open session. */
  server: 0.03,
  /** Share of invocations with a cold start, and the billed seconds of one. */
  coldStarts: 0.01,
  coldStart: 0.6,
  /** Octets that Lambda writes to the log for each invocation. */
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
 * Returns the cost of one delivery, in dollars.
 *
 * @param server seconds of the mail server
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

/** Returns the producer's cost of a message: its body, its request, and a month of 20 kB. */
export function submissionCost(): number {
  return price('s3Put', 1) + price('sqsStandard', 1) + price('s3Month', 20_000 / 1e9);
}

/** Returns the billed seconds of a function for one delivery. */
export function billedSeconds({ functions }: Figures, name: CostedFunction, server: number): number {
  const { cpu, calls, invocations } = functions[name];
  const waiting = calls * assumptions.call + (name === 'lmtp' ? server : 0);
  return cpu / assumptions.cpuShare + waiting + invocations * assumptions.coldStarts * assumptions.coldStart;
}

/** Returns the cost of one delivery in a mix of two scenarios; `share` is that of the second. */
export function blend(one: Costs, other: Costs, share: number): Costs {
  const names = Object.keys(components) as Component[];
  return Object.fromEntries(names.map((name) => [name, one[name] * (1 - share) + other[name] * share])) as Costs;
}

/** Returns the sum of all components. */
export function totalOf(costs: Costs): number {
  return Object.values(costs).reduce((sum, cost) => sum + cost, 0);
}

/** Returns the price of `count` units, in dollars. */
export function price(name: PriceName, count: number): number {
  return prices[name].dollars * count;
}

function sumOf(figure: (name: CostedFunction) => number): number {
  return costedFunctions.reduce((sum, name) => sum + figure(name), 0);
}
