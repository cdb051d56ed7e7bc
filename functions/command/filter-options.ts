/**
 * The options by which messages are looked for: the same in every command.
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
