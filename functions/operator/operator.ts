/**
 * What an operator's actions need, and what they answer. The command line and the screens call the actions.
 *
 * operator-change.ts changes one message, by one conditional write. The other files of this folder select the messages, limit
 * how many change at once, and compose the answers.
 */

import type { Order } from '../queue/writes/apply-change.ts';
import type { Services } from '../queue/writes/services.ts';
import type { CorruptRequests } from './ports.ts';

/** The services of the actions. */
export interface OperatorServices
  extends Pick<
    Services,
    | 'ledger'
    | 'queries'
    | 'destinations'
    | 'wakeUps'
    | 'events'
    | 'bodies'
    | 'parameters'
    | 'transport'
    | 'clock'
    | 'random'
    | 'log'
    | 'disposal'
  > {
  readonly corruptRequests: CorruptRequests;
}

/** The order and the services of a change. */
export interface Changing {
  /** The author and the reason; with `whatIf`, nothing is written. */
  readonly order: Pick<Order, 'by' | 'why' | 'whatIf'>;
  readonly services: OperatorServices;
}

/** How a change ended. */
export type ChangeKind =
  /** It was made, or would be. */
  | 'changed'
  /** Nothing was changed: the delivery does not match the filter any more, or is already as ordered. */
  | 'passed over'
  /** The change is not possible; nothing was written. */
  | 'refused'
  /** Nothing has that name. */
  | 'unknown';

/** The arguments of a `lambda-lmtp` command that may be run next. */
export type NextCommand = readonly string[];

/** An answer to an order. */
export interface Answer {
  readonly kind: ChangeKind;
  /** What follows for the mail, or why nothing was changed. Not escaped: it may quote servers and operators. */
  readonly text: string;
  /** Commands that help, the safest first. */
  readonly next?: readonly NextCommand[];
  /** The change leads to an attempt: now, or within the ramp. */
  readonly isTried?: true;
  /** The destination whose hold is the reason. */
  readonly stoppedBy?: string;
}

/** The answer about one message, delivery or destination. */
export interface Change extends Answer {
  /** Queue id, or the name of a destination. */
  readonly id: string;
  /** The delivery of the message; absent if the answer is not about one. */
  readonly delivery?: string;
}

/** Returns the answer if nothing has that name. */
export function unknown(id: string): Change {
  return { kind: 'unknown', id, text: 'no message has this id, or it was finished more than 30 days ago' };
}
