/**
 * Which request owns a body. Several requests may name the same object, for example those of a newsletter; when one is
 * done, others may still need it.
 */

import { objectRequestId } from '../../incoming/object-request-id.ts';
import type { DeliveryItem } from '../items/item.ts';

/**
 * Whether a body belongs to one request alone. Either it is named after the request (`in/4bXq1.eml` for the request
 * 4bXq1), or the request was made from the object, by Amazon SES or an S3 event.
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
