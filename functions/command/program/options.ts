/**
 * Options that several commands have, and how their values are read. What a definition needs is small: `--help` loads all of it.
 */

import { Argument, type Command, InvalidArgumentError, Option } from 'commander';
import { environmentNames as names } from '../../parameters/environment.ts';
import { parseTime } from '../../parameters/parse-time.ts';
import { type State, states } from '../../queue/items/states.ts';
import { defaultStack } from '../default-stack.ts';

/** For an option that may be given several times. */
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
    .option('--transport <name>', 'transport of the stack, where it has several (default: its first)');
}

/** Adds the options of every operator's command. */
export function withOperateOptions(command: Command): Command {
  return withStackOption(command)
    .option('--json', 'print JSON lines')
    .option('--progress', 'say on standard error how far it is, also where that is no terminal');
}

/** States that messages can be looked for in. */
const liveStates = states.filter((state) => state !== 'done');

/** Adds the options by which messages are looked for. */
export function withFilterOptions(command: Command): Command {
  return command
    .option('--destination <next-hop>', 'those that go there')
    .option('--sender <address>', 'from an address, @domain, or a pattern with *; "" is the null sender')
    .option('--recipient <address>', 'that are still to be delivered to such an address, @domain or pattern')
    .option('--reply <text>', 'of whom a server, or the reason, said that')
    .addOption(new Option('--state <state>', `in a state, or several: ${liveStates.join(', ')}`).argParser(parseStates))
    .addOption(new Option('--older <time>', 'arrived longer ago than that: 90s, 5m, 2h, 1d, 1w').argParser(parseLength))
    .addOption(new Option('--younger <time>', 'arrived since then').argParser(parseLength))
    .option('--in-doubt', 'of whom somebody may have the message already');
}

/** Adds ids, the options by which messages are looked for, and those of every change. */
export function withChangeOptions(command: Command): Command {
  return withOrderOptions(withFilterOptions(withIds(command)));
}

/** Adds ids as arguments. */
export function withIds(command: Command): Command {
  return command.addArgument(
    new Argument('[id...]', 'queue ids; ID/0000 is one delivery of several; "-": ids from standard input, one a line'),
  );
}

/** Adds the options of every change. */
export function withOrderOptions(command: Command): Command {
  return withOperateOptions(command)
    .option('--what-if', 'say what would be changed, and change nothing')
    .addOption(new Option('--reason <text>', 'why; it is written down on what is changed').argParser(parseReason));
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

/** Adds the ramp. */
export function withRampOption(command: Command): Command {
  return command.addOption(
    new Option('--ramp <time>', 'spread them over that time, lest all come at once: 5m')
      .default(0, 'none')
      .argParser(parseLength),
  );
}

/** Reads how many are wanted. */
export function parseLimit(value: string): number {
  if (/^\d{1,9}$/.test(value)) return Number(value);
  throw new InvalidArgumentError('a whole number is wanted; 0 = all.');
}

/** Reads a length of time, in milliseconds. */
export function parseLength(value: string): number {
  const time = parseTime(value);
  if (time !== undefined) return time;
  throw new InvalidArgumentError('a number and s, m, h, d or w is wanted, such as 90s, 5m or 2h.');
}

/** Reads a moment, milliseconds since 1970. */
export function parseMoment(value: string): number {
  const isMoment = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[Zz]|[+-]\d\d:\d\d)$/.test(value);
  const time = isMoment ? Date.parse(value) : Number.NaN;
  if (!Number.isNaN(time)) return time;
  throw new InvalidArgumentError('an RFC 3339 time is wanted, such as 2026-11-22T08:00:00Z.');
}

/** Reads the name of a hold. */
export function parseHoldName(value: string): string {
  if (/^[A-Za-z0-9._-]{1,40}$/.test(value)) return value;
  throw new InvalidArgumentError('letters, digits, dot, hyphen and underscore are wanted, at most 40.');
}

/** Characters of a reason: it is kept in the item, and said to whoever is told of a bounce. */
const reasonLength = 300;

function parseReason(value: string): string {
  const text = value.trim();
  if (text !== '' && text.length <= reasonLength && !/\p{Cc}/u.test(text)) return text;
  throw new InvalidArgumentError(`one line of 1 to ${reasonLength} characters is wanted.`);
}

function parseStates(value: string): readonly State[] {
  const named = value.split(/[\s,]+/).filter((word) => word !== '');
  const wrong = named.find((name) => !liveStates.some((state) => state === name));
  if (wrong === undefined && named.length > 0) return named as State[];
  throw new InvalidArgumentError(`"${wrong ?? ''}" is no state; allowed are ${liveStates.join(', ')}.`);
}
