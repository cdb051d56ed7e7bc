/**
 * The options of holds and ramps.
 */

import { randomBytes } from 'node:crypto';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { HoldSpec } from '../operator/messages.ts';
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
      new Option('--hold <name>', 'name of the hold, for release --hold; replaces a hold of the same name').argParser(
        parseHoldName,
      ),
    )
    .addOption(
      new Option('--for <time>', 'the hold ends after this time: 30m, 2h, 1d')
        .argParser(parseLength)
        .conflicts('until'),
    )
    .addOption(
      new Option('--until <moment>', 'the hold ends at this time: 2026-11-22T08:00:00Z').argParser(parseMoment),
    );
}

/** Returns the hold that the options name; `now` is milliseconds since 1970. */
export function readHoldSpec(options: EndOptions, now: number, command: Command): HoldSpec {
  const until = options.for === undefined ? options.until : now + options.for;
  if (until !== undefined && until <= now) command.error('error: --until: this time is in the past');
  const hold = options.hold ?? randomBytes(3).toString('hex');
  return until === undefined ? { hold } : { hold, until };
}

/** Adds the ramp. */
export function withRampOption(command: Command): Command {
  return command.addOption(
    new Option('--ramp <time>', 'spread the attempts over this time, such as 5m')
      .default(0, 'none')
      .argParser(parseLength),
  );
}

/** Returns the name of a hold, if it is valid. */
export function parseHoldName(value: string): string {
  if (/^[A-Za-z0-9._-]{1,40}$/.test(value)) return value;
  throw new InvalidArgumentError('Expected 1 to 40 letters, digits, dots, hyphens or underscores.');
}

/** Returns an RFC 3339 time in milliseconds since 1970. */
export function parseMoment(value: string): number {
  const isMoment = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[Zz]|[+-]\d\d:\d\d)$/.test(value);
  const time = isMoment ? Date.parse(value) : Number.NaN;
  if (!Number.isNaN(time)) return time;
  throw new InvalidArgumentError('Expected an RFC 3339 time, such as 2026-11-22T08:00:00Z.');
}

/** Returns a sentence with the number of deliveries that will be tried, now or over the ramp. */
export function triedWords(
  count: number,
  { ramp, whatIf }: { readonly ramp: number; readonly whatIf?: true | undefined },
): string {
  const when = ramp > 0 ? `within ${inWords(ramp)}` : 'now';
  return `${counted(count, 'delivery', 'deliveries')} ${whatIf === true ? 'would' : 'will'} be tried ${when}`;
}
