import { environmentNames } from '../../functions/parameters/environment.ts';
import type { FunctionName } from '../functions/bundle.ts';
import { type LogEvents, startLogEvents } from './log-events.ts';

/** Functions whose logs have delivery lines, as the output DeliveryLogGroups of a deployed stack has them. */
const withDeliveries = ['qmgr', 'lmtp', 'sweep'] as const satisfies readonly FunctionName[];

/** The logs of a local stack, for `lambda-lmtp log --since`. */
export interface ReadableLog {
  /** What the command line is to know of them. */
  readonly variables: Readonly<Record<string, string>>;
  /** Keeps a line that a function wrote. */
  write(functionName: FunctionName, line: string): void;
  close(): Promise<void>;
}

/** Starts a CloudWatch Logs with a log group for each function. */
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
