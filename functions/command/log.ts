/**
 * `lambda-lmtp log`: the delivery log in Postfix's own form, for people, grep and the programs that read maillog.
 */

import { createReadStream } from 'node:fs';
import { Command } from 'commander';
import { isDeliveryLine, postfixLine } from '../disposition/postfix-line.ts';
import { guarded, print } from './operate.ts';
import { checkFile } from './options.ts';
import { readLines } from './read-lines.ts';

/** The options as commander hands them over. */
interface LogOptions {
  readonly id?: string;
  readonly recipient?: string;
  readonly status?: string;
}

/** Defines the command. */
export function logCommand(): Command {
  return new Command('log')
    .description('Print the delivery lines of a log of JSON lines as Postfix writes them; other lines are passed over')
    .argument('[file]', 'the log ("-" or none = standard input)', '-')
    .option('--id <id>', 'only those of a message')
    .option('--recipient <address>', 'only those of a recipient')
    .option('--status <status>', 'only those that were sent, deferred, bounced or expired')
    .action(guarded(logAction));
}

async function logAction(file: string, options: LogOptions, command: Command): Promise<void> {
  if (file !== '-') checkFile('file', file, command);
  const { id, recipient, status } = options;
  const input: AsyncIterable<Buffer> = file === '-' ? process.stdin : createReadStream(file);
  for await (const line of readLines(input)) {
    const value = parse(line.toString('utf8'));
    if (!isDeliveryLine(value)) continue;
    if (id !== undefined && value.id !== id) continue;
    if (recipient !== undefined && value.recipient.toLowerCase() !== recipient.toLowerCase()) continue;
    if (status !== undefined && value.status !== status) continue;
    await print(postfixLine(value));
  }
}

/** The JSON of a line, wherever in it that begins: exports put the time and the name of a stream before it. */
function parse(line: string): unknown {
  const at = line.indexOf('{');
  if (at < 0) return undefined;
  try {
    return JSON.parse(line.slice(at));
  } catch {
    return undefined;
  }
}
