/**
 * The options of holds and ramps.
 */

import { randomBytes } from 'node:crypto';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { HoldWish } from '../operator/messages.ts';
import { counted, inWords } from '../texts/words.ts';
import { parseLength } from './filter-options.ts';

/** The options as commander hands them over; times are milliseconds. */
export interface EndOptions {
  readonly hold?: string;
  readonly for?: number;
  readonly until?: number;
}

/** Adds the name of a hold, and when it ends. */
export function withEndOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--hold <name>', 'what the hold is called, to be released by; one of that name is replaced').argParser(
        parseHoldName,
      ),
    )
    .addOption(
      new Option('--for <time>', 'it ends by itself after that: 30m, 2h, 1d').argParser(parseLength).conflicts('until'),
    )
    .addOption(new Option('--until <moment>', 'it ends by itself then: 2026-11-22T08:00:00Z').argParser(parseMoment));
}

/** The hold that is wanted at a moment, milliseconds since 1970. */
export function readHoldWish(options: EndOptions, now: number, command: Command): HoldWish {
  const until = options.for === undefined ? options.until : now + options.for;
  if (until !== undefined && until <= now) command.error('error: --until: the moment is over already');
  const hold = options.hold ?? randomBytes(3).toString('hex');
  return until === undefined ? { hold } : { hold, until };
}

/** Adds the ramp. */
export function withRampOption(command: Command): Command {
  return command.addOption(
    new Option('--ramp <time>', 'spread them over that time, lest all come at once: 5m')
      .default(0, 'none')
      .argParser(parseLength),
  );
}

/** The name of a hold. */
export function parseHoldName(value: string): string {
  if (/^[A-Za-z0-9._-]{1,40}$/.test(value)) return value;
  throw new InvalidArgumentError('letters, digits, dot, hyphen and underscore are wanted, at most 40.');
}

/** A moment, milliseconds since 1970. */
export function parseMoment(value: string): number {
  const isMoment = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[Zz]|[+-]\d\d:\d\d)$/.test(value);
  const time = isMoment ? Date.parse(value) : Number.NaN;
  if (!Number.isNaN(time)) return time;
  throw new InvalidArgumentError('an RFC 3339 time is wanted, such as 2026-11-22T08:00:00Z.');
}

/** That deliveries are tried as a consequence: now, or over the ramp. */
export function triedWords(
  count: number,
  { ramp, whatIf }: { readonly ramp: number; readonly whatIf?: true | undefined },
): string {
  const when = ramp > 0 ? `within ${inWords(ramp)}` : 'now';
  return `${counted(count, 'delivery', 'deliveries')} ${whatIf === true ? 'would' : 'will'} be tried ${when}`;
}
