/**
 * What the options of holds and ramps come to.
 */

import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import type { HoldSpec } from '../operator/messages.ts';
import { counted, inWords } from '../texts/words.ts';

/** The options as commander hands them over; times are milliseconds. */
export interface EndOptions {
  readonly hold?: string;
  readonly for?: number;
  readonly until?: number;
}

/**
 * Returns when what the options order ends, in milliseconds since 1970; undefined: never. An end that is not in the future is an
 * error of the command.
 */
export function readEnd(options: Pick<EndOptions, 'for' | 'until'>, now: number, command: Command): number | undefined {
  if (options.for === 0) command.error('error: --for: 0 is not allowed: expected a time such as 10m, 2h or 1d');
  const until = options.for === undefined ? options.until : now + options.for;
  if (until !== undefined && until <= now) command.error('error: --until: this time is in the past');
  return until;
}

/** Returns the hold that the options name; `now` is milliseconds since 1970. */
export function readHoldSpec(options: EndOptions, now: number, command: Command): HoldSpec {
  const until = readEnd(options, now, command);
  const hold = options.hold ?? randomBytes(3).toString('hex');
  return until === undefined ? { hold } : { hold, until };
}

/** Returns a sentence with the number of deliveries that will be tried, now or over the ramp. */
export function triedWords(
  count: number,
  { ramp, whatIf }: { readonly ramp: number; readonly whatIf?: true | undefined },
): string {
  const when = ramp > 0 ? `within ${inWords(ramp)}` : 'now';
  return `${counted(count, 'delivery', 'deliveries')} ${whatIf === true ? 'would' : 'will'} be tried ${when}`;
}
