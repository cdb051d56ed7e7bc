/** The resources that deliveries used on a local stack, measured by `npm run bench:cost`. */
import { readFileSync } from 'node:fs';

/** The functions that handle mail, and the scheduled sweep. */
export const costedFunctions = ['qmgr', 'lmtp', 'bounce', 'sweep'] as const;
export type CostedFunction = (typeof costedFunctions)[number];

/** The use of one function. */
export interface FunctionFigures {
  readonly invocations: number;
  /** Seconds of user and system time. */
  readonly cpu: number;
  /** Requests to AWS services. */
  readonly calls: number;
}

/** The use of one delivery, or of one sweep. */
export interface Figures {
  readonly functions: Readonly<Record<CostedFunction, FunctionFigures>>;
  /** Requests of the functions to standard queues, without those of event sources, two for each invocation. */
  readonly sqsStandard: number;
  /** The same to FIFO queues. */
  readonly sqsFifo: number;
  readonly s3Gets: number;
  readonly s3Puts: number;
  readonly snsPublishes: number;
  readonly readUnits: number;
  /** Of the table. */
  readonly writeUnits: number;
  /** Of its indexes. */
  readonly indexUnits: number;
  /** Octets that the functions wrote: delivery log, metrics, notes. */
  readonly logOctets: number;
}

/** The measured scenarios, each with one recipient and 20 kB. */
export const ways = {
  sent: 'sent at the first attempt, batches full',
  single: 'sent at the first attempt, one delivery at a time',
  deferred: 'deferred once, then sent',
  bounced: 'bounced, with a report to the sender',
} as const;
export type Way = keyof typeof ways;

/** A run of the bench. */
export interface Measurement {
  /** Day of the run, ISO 8601. */
  readonly date: string;
  /** Processor and Node. */
  readonly machine: string;
  /** Deliveries of each scenario. */
  readonly deliveries: Readonly<Record<Way, number>>;
  readonly figures: Readonly<Record<Way, Figures>>;
  /** The use of one sweep of an empty queue. */
  readonly sweep: Figures;
}

/** File of the measurement in docs/cost.md. */
export const measurementFile = new URL('./measured.json', import.meta.url);

/** Returns the measurement in docs/cost.md. */
export function recordedMeasurement(): Measurement {
  return JSON.parse(readFileSync(measurementFile, 'utf8')) as Measurement;
}
