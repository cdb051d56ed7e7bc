/**
 * What the options of holds and ramps come to.
 */

import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import type { HoldWish } from '../operator/messages.ts';
import { counted, inWords } from '../texts/words.ts';

/** The options as commander hands them over; times are milliseconds. */
export interface EndOptions {
  readonly hold?: string;
  readonly for?: number;
  readonly until?: number;
}

/** The hold that is wanted at a moment, milliseconds since 1970. */
export function readHoldWish(options: EndOptions, now: number, command: Command): HoldWish {
  const until = options.for === undefined ? options.until : now + options.for;
  if (until !== undefined && until <= now) command.error('error: --until: the moment is over already');
  const hold = options.hold ?? randomBytes(3).toString('hex');
  return until === undefined ? { hold } : { hold, until };
}

/** That deliveries are tried as a consequence: now, or over the ramp. */
export function triedWords(
  count: number,
  { ramp, whatIf }: { readonly ramp: number; readonly whatIf?: true | undefined },
): string {
  const when = ramp > 0 ? `within ${inWords(ramp)}` : 'now';
  return `${counted(count, 'delivery', 'deliveries')} ${whatIf === true ? 'would' : 'will'} be tried ${when}`;
}
