/** What deliveries took on a local stack, as `npm run bench:cost` measured it. */
import { readFileSync } from 'node:fs';

/** The functions that mail sets going, and the one that the clock does. */
export const costedFunctions = ['qmgr', 'lmtp', 'bounce', 'sweep'] as const;
export type CostedFunction = (typeof costedFunctions)[number];

/** What a function took for it. */
export interface FunctionFigures {
  readonly invocations: number;
  /** Seconds of user and system time. */
  readonly cpu: number;
  /** Requests to AWS services. */
  readonly calls: number;
}

/** What one delivery took, or one sweep. */
export interface Figures {
  readonly functions: Readonly<Record<CostedFunction, FunctionFigures>>;
  /** Requests of the functions to standard queues; those of the event sources come on top, two for each invocation. */
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

/** The ways that were measured. All of them: one recipient, 20 kB. */
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
  /** Deliveries of each way. */
  readonly deliveries: Readonly<Record<Way, number>>;
  readonly figures: Readonly<Record<Way, Figures>>;
  /** What one sweep took while nothing was waiting. */
  readonly sweep: Figures;
}

/** Where the run is kept that docs/cost.md is about. */
export const measurementFile = new URL('./measured.json', import.meta.url);

/** The run that docs/cost.md is about. */
export function recordedMeasurement(): Measurement {
  return JSON.parse(readFileSync(measurementFile, 'utf8')) as Measurement;
}
