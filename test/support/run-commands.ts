/**
 * Runs commands of `lambda-lmtp` one after the other in one process, each as main.ts runs it: many processes cost many seconds. Reads a
 * JSON array of arguments from its own argument, and prints one of results.
 */
import type { CommandResult } from './lambda-lmtp.ts';

/** What one command came to: both outputs in the order in which they were written. */
export type Ran = Pick<CommandResult, 'code'> & { readonly output: string };

if (import.meta.main) await runAll(JSON.parse(process.argv[2] ?? '[]') as readonly (readonly string[])[]);

async function runAll(commands: readonly (readonly string[])[]): Promise<void> {
  const [node = '', file = ''] = process.argv;
  const results: Ran[] = [];
  for (const stream of [process.stdout, process.stderr]) stream.setMaxListeners(0);
  const write = process.stdout.write.bind(process.stdout);
  let output = '';
  const take: typeof process.stdout.write = (chunk: Uint8Array | string) => {
    output += chunk.toString();
    return true;
  };
  process.stdout.write = take;
  process.stderr.write = take;
  for (const [index, args] of commands.entries()) {
    output = '';
    process.argv = [node, file, ...args];
    process.exitCode = undefined;
    const main: string = `../../functions/command/program/main.ts?run=${index}`;
    await import(main);
    results.push({ code: Number(process.exitCode ?? 0), output });
  }
  process.exitCode = 0;
  write(JSON.stringify(results));
}
