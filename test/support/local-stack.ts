/**
 * The local stack, for tests: its log lines and topic messages are kept for the search for secrets at the end. Its functions
 * are bundled once in a run of the tests.
 */
import { type LocalStack, type LocalStackOptions, startLocalStack as start } from '../../infra/local/stack.ts';
import { bundlesOfRun } from './bundle-once.ts';
import { testify } from './witness.ts';

export type { LocalStack } from '../../infra/local/stack.ts';

/** Starts a stack. */
export async function startLocalStack(options: LocalStackOptions = {}): Promise<LocalStack> {
  const stack = await start({
    bundles: bundlesOfRun(),
    ...options,
    environment: { ...compileCache(), ...options.environment },
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

/** The variable by which functions find what Node compiled of them before, where the test command gives it. */
function compileCache(): Readonly<Record<string, string>> {
  const folder = process.env['NODE_COMPILE_CACHE'];
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: folder };
}
