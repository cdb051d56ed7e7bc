/**
 * What people do to the queue: who does it, with what, and what comes of it.
 *
 * What happens to one message is operator/operator-change.ts: a conditional write on the item as it was just seen, which takes effect
 * wholly, at the end of a delivery that is going on, or says why not. Here is what people mean by it: which messages, how
 * many of them at once, and what they want to know. The command line calls this, and so can whatever else people look after
 * the queue with.
 */

import type { Order } from '../queue/writes/apply-change.ts';
import type { Services } from '../queue/writes/services.ts';
import type { CorruptRequests } from './ports.ts';

/** What the actions work with. */
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

/** What all changes have in common. */
export interface Changing {
  /** Who changes something, why, and whether it is only asked what would be. */
  readonly order: Pick<Order, 'by' | 'why' | 'whatIf'>;
  readonly services: OperatorServices;
}

/** How a change ended. */
export type ChangeKind =
  /** It was made, or would be. */
  | 'changed'
  /** Nothing is to be done: what was looked for is another by now, or is already what it was to become. */
  | 'passed over'
  /** It cannot be; nothing was changed. */
  | 'refused'
  /** Nothing of that name is there. */
  | 'unknown';

/** The arguments of a `lambda-lmtp` command that may be run next. */
export type NextCommand = readonly string[];

/** An answer to an order. */
export interface Answer {
  readonly kind: ChangeKind;
  /** What follows for the mail, or why nothing was changed; words of servers and operators are in it unescaped. */
  readonly text: string;
  /** What the operator can do about it, the safest first. */
  readonly next?: readonly NextCommand[];
  /** The delivery is tried as a consequence: now, or within the ramp. */
  readonly isTried?: true;
  /** The destination whose hold is the reason. */
  readonly stoppedBy?: string;
}

/** What became of one message, delivery or destination. */
export interface Change extends Answer {
  /** Queue id, or the name of a destination. */
  readonly id: string;
  /** Which delivery of the message; absent: it is none. */
  readonly delivery?: string;
}

/** The answer where nothing has that name. */
export function unknown(id: string): Change {
  return { kind: 'unknown', id, text: 'no message has this id, or it was finished more than 30 days ago' };
}
