/**
 * Loads the body of a message for delivery.
 */

import type { Message } from '../../delivery/message.ts';
import type { Verdict } from '../../delivery/verdict.ts';
import { errorWords } from '../../log/error-words.ts';
import type { DeliveryItem } from '../items/item.ts';
import { BodyFault } from '../items/ports.ts';
import { ownVerdict } from '../settlement/own-verdict.ts';
import type { Services } from '../writes/services.ts';

/**
 * Loads a body. A temporary fault is returned: it defers the recipients, and the destination is not blamed.
 *
 * @throws BodyFault if the body can never be read
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

/** Returns the verdict for recipients of a body that cannot be read now. */
export function unreadable(fault: unknown): Verdict {
  return ownVerdict('4.3.0', `the message body cannot be read: ${errorWords(fault)}`);
}
