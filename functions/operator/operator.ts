/**
 * What people do to the queue: who does it, with what, and what comes of it.
 *
 * What happens to one message is queue/by-hand.ts: a conditional write on the item as it was just seen, which takes effect
 * wholly, at the end of a delivery that is going on, or says why not. Here is what people mean by it: which messages, how
 * many of them at once, and what they want to know. The command line calls this, and so can whatever else people look after
 * the queue with.
 */

import type { Order } from '../queue/carry-out.ts';
import type { Services } from '../queue/services.ts';
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
  /** What was looked for by what it has in common is another by now. */
  | 'passed over'
  /** It cannot be; nothing was changed. */
  | 'refused'
  /** Nothing of that name is there. */
  | 'unknown';

/** What became of one message, delivery or destination. */
export interface Change {
  readonly kind: ChangeKind;
  /** Queue id, or the name of a destination. */
  readonly id: string;
  /** Which delivery of the message; absent: it is none. */
  readonly delivery?: string;
  /** What was or would be changed, or why nothing was; words of others may be in it as they came. */
  readonly text: string;
}

/** The answer where nothing has that name. */
export function unknown(id: string): Change {
  return { kind: 'unknown', id, text: 'there is nothing of that id, or it was done with more than 30 days ago' };
}
