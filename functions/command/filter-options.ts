/**
 * The options that select messages, the same in every command.
 */

import { type Command, InvalidArgumentError, Option } from 'commander';
import { queueDestination } from '../operator/destination-name.ts';
import type { OperatorServices } from '../operator/operator.ts';
import { parseTime } from '../parameters/parameters.ts';
import type { QueueFilter } from '../queue/items/queue-entry.ts';
import { type State, states } from '../queue/items/states.ts';
import { DestinationError } from '../request/destination.ts';
import { Failure } from './failure.ts';

/** The options as commander hands them over; times are milliseconds. */
export interface FilterOptions {
  readonly destination?: string;
  readonly sender?: string;
  readonly recipient?: string;
  readonly reply?: string;
  readonly state?: readonly State[];
  readonly older?: number;
  readonly younger?: number;
  readonly inDoubt?: true;
}

/** States that `--state` accepts. */
const liveStates = states.filter((state) => state !== 'done');

/** Adds the options. */
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

/** Returns whether any option was given, except `--destination`: alone, it selects the destination itself. */
export function isFiltered({ destination: _, ...others }: FilterOptions): boolean {
  const { sender, recipient, reply, state, older, younger, inDoubt } = others;
  return [sender, recipient, reply, state, older, younger, inDoubt].some((option) => option !== undefined);
}

/** Returns the filter of the options; `now` is milliseconds since 1970. */
export function readFilter(options: FilterOptions, services: OperatorServices, now: number): QueueFilter {
  const { destination, sender, recipient, reply, state, older, younger, inDoubt } = options;
  return {
    ...(destination === undefined ? {} : { destination: readDestination(destination, services) }),
    ...(sender === undefined ? {} : { sender }),
    ...(recipient === undefined ? {} : { recipient }),
    ...(reply === undefined ? {} : { reply }),
    ...(state === undefined ? {} : { states: state }),
    ...(older === undefined ? {} : { arrivedBy: now - older }),
    ...(younger === undefined ? {} : { arrivedFrom: now - younger }),
    ...(inDoubt === undefined ? {} : { inDoubt }),
  };
}

/**
 * Returns a destination as the queue stores it.
 *
 * @throws Failure with the fault and the allowed values
 */
export function readDestination(text: string, { parameters }: Pick<OperatorServices, 'parameters'>): string {
  try {
    return queueDestination(text, parameters);
  } catch (error) {
    if (error instanceof DestinationError) throw new Failure('usage', `--destination: ${error.message}`);
    throw error;
  }
}

/** Returns a length of time in milliseconds. */
export function parseLength(value: string): number {
  const time = parseTime(value);
  if (time !== undefined) return time;
  throw new InvalidArgumentError('Expected a number and s, m, h, d or w, such as 90s, 5m or 2h.');
}

function parseStates(value: string): readonly State[] {
  const named = value.split(/[\s,]+/).filter((word) => word !== '');
  const wrong = named.find((name) => !liveStates.some((state) => state === name));
  if (wrong === undefined && named.length > 0) return named as State[];
  throw new InvalidArgumentError(`"${wrong ?? ''}" is not a state; allowed are ${liveStates.join(', ')}.`);
}
