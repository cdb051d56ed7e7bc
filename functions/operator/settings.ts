/**
 * The parameters of a stack, for the operator's commands. The stack publishes them as an output.
 */

import type { ParameterName } from '../parameters/parameters.ts';

/** Name of that output. */
export const settingsOutput = 'OperatorSettings';

/** Name of the output with the log groups of the delivery log: `qmgr=NAME lmtp=NAME`. */
export const deliveryLogsOutput = 'DeliveryLogGroups';

/** The output's JSON: the name of the transport, and the parameters that the deployment sets, as they are written. */
export interface OperatorSettings extends Readonly<Partial<Record<ParameterName, string>>> {
  readonly transport: string;
  /** Days for which versions of deleted bodies are kept; absent: bodies are not deleted. */
  readonly bodyRetention?: string;
  /** The functions read live settings; absent: they are of an earlier release. */
  readonly liveSettings?: 'yes';
}
