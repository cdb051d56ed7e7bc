/**
 * Which request owns a body. Several requests may name the same object, for example those of a newsletter; when one is
 * done, others may still need it.
 */

import { objectRequestId } from '../../incoming/object-request-id.ts';
import { ownPrefixes } from '../../incoming/own-objects.ts';
import type { DeliveryItem } from '../items/item.ts';

/**
 * Whether a body belongs to one request alone. Either it is named after the request (`in/4bXq1.eml` for the request
 * 4bXq1), or the request was made from the object, by Amazon SES or an S3 event, or the object was made from the
 * request, which contained the mail.
 */
export function ownsBody({
  id,
  message,
  sesMessageId,
}: Pick<DeliveryItem, 'id' | 'message' | 'sesMessageId'>): boolean {
  const name = message.key.split('/').at(-1) ?? '';
  const stem = name.replace(/\.[^.]*$/, '');
  const isNamed = [name, stem].some((one) => one === id || one === sesMessageId);
  return isNamed || id === objectRequestId(message) || message.key.startsWith(`${ownPrefixes.notified}${id}/`);
}
