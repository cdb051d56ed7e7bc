/**
 * The request that another transport gets for recipients whose mail the transport map sends there (master.cf has many
 * transports, and one queue; here each has its own).
 */

import { createHash } from 'node:crypto';
import type { DeliveryRecipient } from '../request/delivery.ts';
import { optional } from '../request/fields.ts';
import type { DeliveryRequest } from '../request/request.ts';
import { isQueueId } from '../request/request.ts';

/** What is handed on. */
export interface HandedOn {
  /** Queue id here. */
  readonly id: string;
  /** Number of the delivery here. */
  readonly delivery: string;
  readonly request: Pick<DeliveryRequest, 'sender' | 'arrival' | 'body' | 'smtputf8' | 'dsn' | 'authentication'>;
  readonly recipients: readonly DeliveryRecipient[];
  /** As it was pinned. */
  readonly message: { readonly bucket: string; readonly key: string; readonly versionId?: string };
  /** Empty: the other's own map decides. */
  readonly nextHop: string;
}

/**
 * Writes the request. The same mail gives the same text, so that the other transport knows its copies: that is why it has no
 * arrival where the mail itself had none.
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

/** One mail may be handed to the same transport in several parts, so the number of the delivery belongs to the id. */
function handedOnId(id: string, delivery: string): string {
  const longer = `${id}.${delivery}`;
  return isQueueId(longer) ? longer : `${createHash('sha256').update(id).digest('hex').slice(0, 40)}.${delivery}`;
}

/** Bare addresses where there is no more to say: what fitted into one message here fits into one there. */
function formatRecipient({ address, original, notify, orcpt }: DeliveryRecipient): string | object {
  const more = { ...optional('original', original), ...optional('notify', notify), ...optional('orcpt', orcpt) };
  return Object.keys(more).length === 0 ? address : { address, ...more };
}
