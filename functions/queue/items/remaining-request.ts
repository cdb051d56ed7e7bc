/**
 * The remainder of a corrupt delivery as a request, which an operator can read and correct.
 */

import { type DeliveryItem, openRecipients } from './item.ts';

/** Returns a request for the open recipients, which can be submitted again. */
export function formatRemainingRequest(item: DeliveryItem): string {
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
