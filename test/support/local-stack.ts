/** The local stack, for tests: its log lines and topic messages are kept for the search for secrets at the end. */
import { type LocalStack, type LocalStackOptions, startLocalStack as start } from '../../infra/local/stack.ts';
import { testify } from './witness.ts';

export type { LocalStack } from '../../infra/local/stack.ts';

/** Starts a stack. */
export async function startLocalStack(options: LocalStackOptions = {}): Promise<LocalStack> {
  const stack = await start({
    ...options,
    onLogLine: (functionName, line) => {
      testify(`${functionName}: ${line}`);
      options.onLogLine?.(functionName, line);
    },
  });
  return {
    ...stack,
    close: async () => {
      for (const { message } of [...stack.events.items, ...stack.notices.items]) testify(JSON.stringify(message));
      await stack.close();
    },
  };
}
