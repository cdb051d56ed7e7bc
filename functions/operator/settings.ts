/**
 * What of a stack's parameters the operator's commands go by. The stack tells them in an output; the functions have them all.
 */

import type { ParameterName } from '../parameters/parameters.ts';

/** The output. */
export const settingsOutput = 'OperatorSettings';

/** The output that names the log groups with delivery lines: `qmgr=NAME lmtp=NAME`. */
export const deliveryLogsOutput = 'DeliveryLogGroups';

/** The parameters: who reports, how long is tried, and how destinations are written. */
export const operatorParameters = [
  'myhostname',
  'maximal_queue_lifetime',
  'bounce_queue_lifetime',
  'lmtp_tcp_port',
  'known_tcp_ports',
] as const satisfies readonly ParameterName[];

/** What the output holds as JSON: the name of the transport, and those parameters that were set, every `$name` followed. */
export interface OperatorSettings extends Readonly<Partial<Record<(typeof operatorParameters)[number], string>>> {
  readonly transport: string;
  /** How long the versions of deleted bodies last, in days; absent: bodies stay. */
  readonly bodyRetention?: string;
}
