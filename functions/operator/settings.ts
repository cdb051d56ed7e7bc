/**
 * The parameters of a stack that the operator's commands need. The stack publishes them as an output.
 */

import type { ParameterName } from '../parameters/parameters.ts';

/** Name of that output. */
export const settingsOutput = 'OperatorSettings';

/** Name of the output with the log groups of the delivery log: `qmgr=NAME lmtp=NAME`. */
export const deliveryLogsOutput = 'DeliveryLogGroups';

/** The parameters: name of the reporting host, lifetimes, and ports of destinations. */
export const operatorParameters = [
  'myhostname',
  'maximal_queue_lifetime',
  'bounce_queue_lifetime',
  'lmtp_tcp_port',
  'known_tcp_ports',
] as const satisfies readonly ParameterName[];

/** The output's JSON: the name of the transport, and the parameters that were set, with every `$name` expanded. */
export interface OperatorSettings extends Readonly<Partial<Record<(typeof operatorParameters)[number], string>>> {
  readonly transport: string;
  /** Days for which versions of deleted bodies are kept; absent: bodies are not deleted. */
  readonly bodyRetention?: string;
}
