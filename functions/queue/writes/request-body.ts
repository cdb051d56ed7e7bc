/**
 * Whose a body is. Several requests may name the same object, as those of a newsletter with many recipients do; when one of them
 * is done, the others may still be on their way.
 */

import { objectRequestId } from '../../incoming/object-request-id.ts';
import type { DeliveryItem } from '../items/item.ts';

/**
 * Whether a body belongs to the request alone: it is named after it (`in/4bXq1.eml` for the request 4bXq1), or the request was
 * made of the object itself, by Amazon SES or an event of S3.
 */
export function ownsBody({
  id,
  message,
  sesMessageId,
}: Pick<DeliveryItem, 'id' | 'message' | 'sesMessageId'>): boolean {
  const name = message.key.split('/').at(-1) ?? '';
  const stem = name.replace(/\.[^.]*$/, '');
  return [name, stem].some((one) => one === id || one === sesMessageId) || id === objectRequestId(message);
}
