/**
 * The body of a message that is to be delivered: at hand, or not now, or never.
 */

import type { Message } from '../../delivery/message.ts';
import type { Verdict } from '../../delivery/verdict.ts';
import { errorWords } from '../../log/error-words.ts';
import type { DeliveryItem } from '../items/item.ts';
import { BodyFault } from '../items/ports.ts';
import { ownVerdict } from '../settlement/own-verdict.ts';
import type { Services } from '../writes/services.ts';

/**
 * Makes a body ready. One that cannot be read now is our trouble, not the recipients': soft, and the destination is not blamed.
 *
 * @throws BodyFault where it can never be read
 */
export async function loadBody(
  item: DeliveryItem,
  { bodies }: Services,
): Promise<{ readonly message: Message } | { readonly fault: unknown }> {
  try {
    return { message: await bodies.load(item.message) };
  } catch (fault) {
    if (fault instanceof BodyFault) throw fault;
    return { fault };
  }
}

/** What its recipients are told meanwhile. */
export function unreadable(fault: unknown): Verdict {
  return ownVerdict('4.3.0', `the message body cannot be read: ${errorWords(fault)}`);
}
