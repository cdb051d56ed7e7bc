/**
 * What is left of a delivery, as a request: what a person sees, and may put right, of one that is corrupt.
 */

import { type DeliveryItem, openRecipients } from './item.ts';

/** Writes the request. It could be submitted again. */
export function formatLeft(item: DeliveryItem): string {
  const { id, arrival, sender, message, destination, body, smtputf8, dsn, authentication } = item;
  const { bucket, key, versionId } = message;
  const recipients = openRecipients(item).map(({ address, original, notify, orcpt }) => ({
    address,
    original,
    notify,
    orcpt,
  }));
  return JSON.stringify({
    version: 1,
    id,
    arrival: new Date(arrival).toISOString(),
    sender,
    recipients,
    message: { bucket, key, versionId },
    destination,
    body,
    smtputf8,
    dsn,
    authentication,
  });
}
