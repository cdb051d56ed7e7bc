import { environmentNames } from '../../functions/parameters/environment.ts';
import type { FunctionName } from '../functions/bundle.ts';
import { type LogEvents, startLogEvents } from './log-events.ts';

/** Functions whose logs contain delivery lines, as in the output DeliveryLogGroups of a deployed stack. */
const withDeliveries = ['qmgr', 'lmtp', 'sweep'] as const satisfies readonly FunctionName[];

/** The logs of a local stack, for `lambda-lmtp log --since`. */
export interface ReadableLog {
  /** Environment variables for the command line. */
  readonly variables: Readonly<Record<string, string>>;
  /** Adds a line of a function. */
  write(functionName: FunctionName, line: string): void;
  close(): Promise<void>;
}

/** Starts CloudWatch Logs with a log group for each function. */
export async function startReadableLog(): Promise<ReadableLog> {
  const logs: LogEvents = await startLogEvents({ groups: withDeliveries.map(groupOf) });
  return {
    variables: {
      AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: logs.endpoint,
      [environmentNames.deliveryLogGroups]: withDeliveries.map((name) => `${name}=${groupOf(name)}`).join(' '),
    },
    write: (functionName, line) => logs.add(groupOf(functionName), 'local', line),
    close: () => logs.close(),
  };
}

function groupOf(functionName: FunctionName): string {
  return `/local/${functionName}`;
}
