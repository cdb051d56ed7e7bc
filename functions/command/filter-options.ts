/**
 * The options that select messages, the same in every command.
 */

import { queueDestination } from '../operator/destination-name.ts';
import type { OperatorServices } from '../operator/operator.ts';
import type { QueueFilter } from '../queue/items/queue-entry.ts';
import type { State } from '../queue/items/states.ts';
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
