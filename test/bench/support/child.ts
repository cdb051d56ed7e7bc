/** A part of a benchmark in its own process, so that it does not affect the measurement. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** A child process that has sent its first message. */
export interface Child<T> extends AsyncDisposable {
  /** Its first message. */
  readonly said: T;
}

/**
 * Starts a module and waits for its first message.
 *
 * @param env variables besides those of this process
 * @throws Error when it ends without a message
 */
export async function startChild<T>(
  module: URL,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<Child<T>> {
  const child = fork(module, [...args], { env: { ...process.env, ...env } });
  const said = await firstMessage(child, module);
  return {
    said: said as T,
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill();
      await ended;
    },
  };
}

function firstMessage(child: ChildProcess, module: URL): Promise<unknown> {
  return new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', (code) =>
      reject(new Error(`${module.pathname} ended with code ${code} before it said anything`)),
    );
  });
}

/** Sends a message to the process that started this one. */
export function tellParent(message: object): void {
  process.send?.(message);
}
