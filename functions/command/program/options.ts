/**
 * Options that several commands have, and how their values are read. What a definition needs is small: `--help` loads all of it.
 */

import { Argument, type Command, InvalidArgumentError, Option } from 'commander';
import { environmentNames as names } from '../../parameters/environment.ts';
import { parseTime } from '../../parameters/parse-time.ts';
import { type State, states } from '../../queue/items/states.ts';
import { findControl } from '../../smtp/control-characters.ts';
import { readDateTime } from '../../time/date-time.ts';
import { defaultStack } from '../default-stack.ts';

/** Collects the values of an option that may be given several times. */
export function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

/** Adds the options that parameters come from. */
export function withParameterOptions(command: Command): Command {
  return command
    .option('--parameter <name=value>', 'a parameter by its Postfix name; may be given several times', collect, [])
    .option(
      '--sasl-password-maps <file>',
      "authenticate with the passwords of a file in the format of Postfix's sasl_passwd: host or next-hop, blanks, user:password",
    );
}

/** Adds the options that say which stack is meant. */
export function withStackOption(command: Command): Command {
  return command
    .option(
      '--stack <name>',
      `CloudFormation stack (default: "${defaultStack}", unless the environment names a table: ${names.queueTable})`,
    )
    .option('--transport <name>', 'transport of the stack, if it has several (default: its first)');
}

/** Adds the options of every operator's command. */
export function withOperateOptions(command: Command): Command {
  return withStackOption(command)
    .option('--json', 'print JSON lines')
    .option('--progress', 'print progress on standard error, even if it is not a terminal');
}

/** States that `--state` accepts. */
const liveStates = states.filter((state) => state !== 'done');

/** Adds the options by which messages are looked for. */
export function withFilterOptions(command: Command): Command {
  return command
    .option('--destination <next-hop>', 'only mail to this next-hop')
    .option('--sender <address>', 'only mail from an address, @domain, or a pattern with *; "" is the null sender')
    .option(
      '--recipient <address>',
      'only mail with an undelivered recipient: an address, @domain, or a pattern with *',
    )
    .option('--reply <text>', 'only mail whose last reply, or whose reason, contains this text')
    .addOption(
      new Option('--state <state>', `only mail in one of these states: ${liveStates.join(', ')}`).argParser(
        parseStates,
      ),
    )
    .addOption(
      new Option('--older <time>', 'only mail that arrived longer ago: 90s, 5m, 2h, 1d, 1w').argParser(parseLength),
    )
    .addOption(
      new Option('--younger <time>', 'only mail that arrived more recently: 90s, 5m, 2h, 1d, 1w').argParser(
        parseLength,
      ),
    )
    .option('--in-doubt', 'only mail with a recipient in doubt: it may have the message already');
}

/** Adds ids, the options that select messages, and those of every change. */
export function withChangeOptions(command: Command): Command {
  return withOrderOptions(withFilterOptions(withIds(command)));
}

/** Adds ids as arguments. */
export function withIds(command: Command): Command {
  return command.addArgument(
    new Argument(
      '[id...]',
      'queue ids; ID/0000 is one delivery of several; "-": ids from standard input, one per line',
    ),
  );
}

/** Adds the options of every change. */
export function withOrderOptions(command: Command): Command {
  return withOperateOptions(command)
    .option('--what-if', 'print what would change, and change nothing')
    .addOption(new Option('--reason <text>', 'why; recorded in the history of each change').argParser(parseReason));
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

/** Adds the ramp. */
export function withRampOption(command: Command): Command {
  return command.addOption(
    new Option('--ramp <time>', 'spread the attempts over this time, such as 5m')
      .default(0, 'none')
      .argParser(parseLength),
  );
}

/** Parses a limit. */
export function parseLimit(value: string): number {
  if (/^\d{1,9}$/.test(value)) return Number(value);
  throw new InvalidArgumentError('Expected a whole number; 0 = all.');
}

/** The longest time that is read, in milliseconds: a hundred years. A date so far away can still be written. */
const longest = 5200 * 7 * 24 * 60 * 60 * 1000;

/** Reads a length of time, in milliseconds. */
export function parseLength(value: string): number {
  const time = parseTime(value);
  if (time !== undefined && time <= longest) return time;
  throw new InvalidArgumentError('Expected a number and s, m, h, d or w, such as 90s, 5m or 2h; at most 5200w.');
}

/** Reads a moment, milliseconds since 1970. */
export function parseMoment(value: string): number {
  const read = readDateTime(value, { wantsSeconds: false });
  if ('time' in read) return read.time;
  throw new InvalidArgumentError(`Expected an RFC 3339 time, such as 2026-11-22T08:00:00Z; this ${read.fault}.`);
}

/** Reads the name of a hold. */
export function parseHoldName(value: string): string {
  if (/^[A-Za-z0-9._-]{1,40}$/.test(value)) return value;
  throw new InvalidArgumentError('Expected 1 to 40 letters, digits, dots, hyphens or underscores.');
}

/** The most characters of a reason: it is stored in the item and sent in bounces. */
const reasonLength = 300;

function parseReason(value: string): string {
  const text = value.trim();
  if (text !== '' && text.length <= reasonLength && findControl(text) === undefined) return text;
  throw new InvalidArgumentError(`Expected one line of 1 to ${reasonLength} characters.`);
}

function parseStates(value: string): readonly State[] {
  const named = value.split(/[\s,]+/).filter((word) => word !== '');
  const wrong = named.find((name) => !liveStates.some((state) => state === name));
  if (wrong === undefined && named.length > 0) return named as State[];
  throw new InvalidArgumentError(`"${wrong ?? ''}" is not a state; allowed are ${liveStates.join(', ')}.`);
}
