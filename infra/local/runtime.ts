/**
 * The runtime inside a container: loads the handler once and calls it for each event that arrives over IPC, as Lambda's runtime
 * client does. Only container.ts starts it.
 *
 *     node runtime.ts BUNDLE EXPORT
 *
 * An uncaught exception or an unhandled rejection ends the process, as it ends the environment in Lambda.
 */
import { flushCompileCache } from 'node:module';
import { pathToFileURL } from 'node:url';
import type { Context } from 'aws-lambda';
import type { Failure, RuntimeMessage, Task } from './runtime-messages.ts';
import { endOfInvocation } from './runtime-messages.ts';

type Handler = (event: unknown, context: Context) => Promise<unknown>;

const [, , bundle = '', exportName = 'handler'] = process.argv;

// The parent process has exited, so no more events will arrive.
process.once('disconnect', () => process.exit());

try {
  const module = (await import(pathToFileURL(bundle).href)) as Record<string, unknown>;
  const handler = module[exportName] ?? (module['default'] as Record<string, unknown> | undefined)?.[exportName];
  if (typeof handler !== 'function') throw new TypeError(`${bundle} exports no function ${exportName}`);
  process.on('message', (task: Task) => void perform(handler as Handler, task));
  tell({ kind: 'ready' });
  // Where Node has a compile cache: for a container is killed, it does not end.
  flushCompileCache();
} catch (error) {
  tell({ kind: 'unfit', ...describe(error) });
  process.disconnect();
  process.exitCode = 1;
}

async function perform(handler: Handler, task: Task): Promise<void> {
  let outcome: RuntimeMessage;
  try {
    const value: unknown = await handler(task.event, contextOf(task));
    outcome = { kind: 'returned', requestId: task.requestId, value: value ?? null };
  } catch (error) {
    outcome = { kind: 'threw', requestId: task.requestId, ...describe(error) };
  }
  // The outcome and the log lines use different channels: this line marks the last log line for the parent.
  process.stdout.write(`${endOfInvocation(task.requestId)}\n`);
  tell(outcome);
}

function contextOf({ requestId, deadline }: Task): Context {
  const name = process.env['AWS_LAMBDA_FUNCTION_NAME'] ?? '';
  const retired = () => {
    throw new Error('callback handlers are not supported since Node 24');
  };
  return {
    awsRequestId: requestId,
    functionName: name,
    functionVersion: process.env['AWS_LAMBDA_FUNCTION_VERSION'] ?? '',
    invokedFunctionArn: `arn:aws:lambda:${process.env['AWS_REGION']}:000000000000:function:${name}`,
    memoryLimitInMB: process.env['AWS_LAMBDA_FUNCTION_MEMORY_SIZE'] ?? '',
    logGroupName: process.env['AWS_LAMBDA_LOG_GROUP_NAME'] ?? '',
    logStreamName: process.env['AWS_LAMBDA_LOG_STREAM_NAME'] ?? '',
    callbackWaitsForEmptyEventLoop: false,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
    done: retired,
    fail: retired,
    succeed: retired,
  };
}

function describe(error: unknown): Failure {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error), trace: '' };
  return { errorType: error.name, errorMessage: error.message, trace: error.stack ?? '' };
}

function tell(message: RuntimeMessage): void {
  process.send?.(message);
}
