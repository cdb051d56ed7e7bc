/**
 * Amazon SES's types for a delay (event publishing, "Delivery delay object").
 *
 *   enhanced status   reported by  meaning                   delayType
 *   x.2.2             either       a full mailbox            MailboxFull
 *   x.7.*             the server   policy, a rate limit      IPFailure
 *   x.4.*, x.5.*      either       the network, the dialogue TransientCommunicationFailure
 *   x.3.*             the server   its own state             RecipientServerError
 *   x.3.*             the agent    its own state             InternalFailure
 *   x.0.0             either       unspecified               Undetermined
 *   all others                                               General
 *
 * SES's other types cannot occur here: SpamDetected counts mail over all recipients of an account, the others are about
 * addresses of SES itself.
 */

import type { DelayEvent } from '../items/event.ts';
import type { LastVerdict } from '../items/item.ts';

/** Type of a delay. */
export type DelayType = DelayEvent['deliveryDelay']['delayType'];

/** Returns the type of a delay. */
export function delayTypeOf({ dsn, remoteMta }: Pick<LastVerdict, 'dsn' | 'remoteMta'>): DelayType {
  const [, subject = '', detail = ''] = dsn.split('.');
  const isOurs = remoteMta === undefined;
  if (subject === '2' && detail === '2') return 'MailboxFull';
  if (subject === '7' && !isOurs) return 'IPFailure';
  if (subject === '4' || subject === '5') return 'TransientCommunicationFailure';
  if (subject === '3') return isOurs ? 'InternalFailure' : 'RecipientServerError';
  return subject === '0' && detail === '0' ? 'Undetermined' : 'General';
}
