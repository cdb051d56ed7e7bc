/** The parts of a stack that alarms and the dashboard show. */
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Parameters } from '../../../functions/parameters/parameters.ts';
import { functionNames } from '../../functions/bundle.ts';
import type { Functions } from '../../functions/functions.ts';
import type { Queues } from '../../queue/queues.ts';
import type { MailMetrics } from '../measures/metrics.ts';

/** The parts of a stack. */
export interface Watched {
  /** Name of the transport. */
  readonly transport: string;
  readonly metrics: MailMetrics;
  readonly queues: Queues;
  /** The queue table. */
  readonly table: TableV2;
  readonly functions: Functions;
  /** The parameters for lifetime and sessions. */
  readonly parameters: Pick<
    Parameters,
    'maximal_queue_lifetime' | 'lmtp_cache_connection' | 'lmtp_connection_cache_size'
  >;
  /** lmtp functions that run at once. */
  readonly maximumConcurrency: number;
  /** Sessions that all of them may have together; absent: no limit is set. */
  readonly sessionBudget?: number | undefined;
}

/** Functions through which waiting mail loops. */
const loop = ['qmgr', 'lmtp', 'sweep', 'bounce'] as const;

/** All functions, by name. */
export function allFunctions({ functions }: Pick<Watched, 'functions'>): Readonly<Record<string, IFunction>> {
  return Object.fromEntries(functionNames.map((name) => [name, functions[name]]));
}

/** The functions that Lambda may take for an endless loop. */
export function loopFunctions({ functions }: Pick<Watched, 'functions'>): Readonly<Record<string, IFunction>> {
  return Object.fromEntries(loop.map((name) => [name, functions[name]]));
}
