/**
 * Where a stack's delivery log is in CloudWatch, and the filter for its lines.
 */

import type { LogQuery } from '../aws/cloudwatch-logs.ts';
import { deliveryLogsOutput } from '../operator/settings.ts';
import { environmentNames as names } from '../parameters/environment.ts';
import type { StackOptions } from '../texts/next-command.ts';
import { defaultStack } from './default-stack.ts';
import { awsFault, Failure } from './failure.ts';
import type { LogGroup } from './log-reading.ts';
import type { Run } from './run.ts';
import { readStackOutputs, requireOutput, StackError } from './stack-outputs.ts';

/** A stack's log. */
export interface LogSource {
  /** Name of the stack, in place of maillog's host name. */
  readonly stack: string;
  readonly groups: readonly LogGroup[];
}

/**
 * Returns the log groups with delivery lines: those that the environment names, or a stack's.
 *
 * @throws Failure if the stack does not exist or AWS cannot be reached
 */
export async function findLogs({ stack, transport }: StackOptions, { env, aws }: Run): Promise<LogSource> {
  const own = env[names.deliveryLogGroups] ?? '';
  if (stack === undefined && own !== '') return { stack: 'local', groups: parseLogGroups(own) };
  const name = stack ?? defaultStack;
  try {
    const outputs = await readStackOutputs(name, transport, aws);
    return { stack: name, groups: parseLogGroups(requireOutput(outputs, name, deliveryLogsOutput)) };
  } catch (error) {
    if (error instanceof StackError) throw new Failure('usage', error.message);
    throw awsFault(error, `the stack "${name}" cannot be looked up`);
  }
}

/** Parses `qmgr=NAME lmtp=NAME`. */
export function parseLogGroups(text: string): readonly LogGroup[] {
  return text.split(/\s+/).flatMap((word) => {
    const at = word.indexOf('=');
    return at < 1 ? [] : [{ program: word.slice(0, at), name: word.slice(at + 1) }];
  });
}

/** Returns the pattern by which CloudWatch selects delivery lines, or those of one message. */
export function logPattern(id: string | undefined): Required<Pick<LogQuery, 'pattern'>> {
  const isDelivery = '($.status = "*") && ($.recipient = "*") && ($.dsn = "*")';
  // Other characters may be special in a pattern; then CloudWatch sends all delivery lines, and the command selects.
  const isPlain = id !== undefined && /^[A-Za-z0-9._-]+$/.test(id);
  return { pattern: `{ ${isPlain ? `($.id = "${id}") && ` : ''}${isDelivery} }` };
}
