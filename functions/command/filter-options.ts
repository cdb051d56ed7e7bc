/**
 * The options by which messages are looked for: the same in every command.
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

/** States that messages can be looked for in. */
const liveStates = states.filter((state) => state !== 'done');

/** Adds the options. */
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

/** Whether any of the options was given; `--destination` alone may mean the destination itself. */
export function isFiltered({ destination: _, ...others }: FilterOptions): boolean {
  const { sender, recipient, reply, state, older, younger, inDoubt } = others;
  return [sender, recipient, reply, state, older, younger, inDoubt].some((option) => option !== undefined);
}

/** The filter that the options make at a moment, milliseconds since 1970. */
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
 * A destination as the queue has it, however it was written; what the transport map parks, as it stands.
 *
 * @throws Failure naming what is wrong and what is allowed
 */
export function readDestination(text: string, { parameters }: Pick<OperatorServices, 'parameters'>): string {
  try {
    return queueDestination(text, parameters);
  } catch (error) {
    if (error instanceof DestinationError) throw new Failure('usage', `--destination: ${error.message}`);
    throw error;
  }
}

/** A length of time, in milliseconds. */
export function parseLength(value: string): number {
  const time = parseTime(value);
  if (time !== undefined) return time;
  throw new InvalidArgumentError('a number and s, m, h, d or w is wanted, such as 90s, 5m or 2h.');
}

function parseStates(value: string): readonly State[] {
  const named = value.split(/[\s,]+/).filter((word) => word !== '');
  const wrong = named.find((name) => !liveStates.some((state) => state === name));
  if (wrong === undefined && named.length > 0) return named as State[];
  throw new InvalidArgumentError(`"${wrong ?? ''}" is no state; allowed are ${liveStates.join(', ')}.`);
}
