/**
 * The request for recipients whose mail the transport map hands to another transport. (In Postfix many transports share
 * one queue; here each transport has its own.)
 */

import { createHash } from 'node:crypto';
import type { DeliveryRecipient } from '../request/delivery.ts';
import { optional } from '../request/fields.ts';
import type { DeliveryRequest } from '../request/request.ts';
import { isQueueId } from '../request/request.ts';

/** A delivery to hand on. */
export interface HandedOn {
  /** Queue id in this transport. */
  readonly id: string;
  /** Number of the delivery in this transport. */
  readonly delivery: string;
  readonly request: Pick<DeliveryRequest, 'sender' | 'arrival' | 'body' | 'smtputf8' | 'dsn' | 'authentication'>;
  readonly recipients: readonly DeliveryRecipient[];
  /** As it was pinned. */
  readonly message: { readonly bucket: string; readonly key: string; readonly versionId?: string };
  /** Empty: the map of the other transport decides. */
  readonly nextHop: string;
}

/**
 * Returns the request. The same mail gives the same text, so that the other transport recognises duplicates. Therefore
 * it has no arrival if the mail had none.
 */
export function formatHandedOn({ id, delivery, request, recipients, message, nextHop }: HandedOn): string {
  const { sender, arrival, body, smtputf8, dsn, authentication } = request;
  const { bucket, key, versionId } = message;
  return JSON.stringify({
    version: 1,
    id: handedOnId(id, delivery),
    ...optional('arrival', arrival === undefined ? undefined : new Date(arrival).toISOString()),
    sender,
    recipients: recipients.map(formatRecipient),
    message: { bucket, key, ...optional('versionId', versionId) },
    ...(nextHop === '' ? {} : { destination: nextHop }),
    ...optional('body', body),
    ...optional('smtputf8', smtputf8),
    ...optional('dsn', dsn),
    ...optional('authentication', authentication),
  });
}

/** The id contains the number of the delivery, because one mail may be handed on in several parts. */
function handedOnId(id: string, delivery: string): string {
  const longer = `${id}.${delivery}`;
  return isQueueId(longer) ? longer : `${createHash('sha256').update(id).digest('hex').slice(0, 40)}.${delivery}`;
}

/** A bare address if there is nothing else, so that the request fits into a message as it did before. */
function formatRecipient({ address, original, notify, orcpt }: DeliveryRecipient): string | object {
  const more = { ...optional('original', original), ...optional('notify', notify), ...optional('orcpt', orcpt) };
  return Object.keys(more).length === 0 ? address : { address, ...more };
}
