/**
 * Amazon SES's types for a failure.
 *
 * For SES ("Bounce types", Amazon SNS notification contents), Permanent means that the address should be taken off the
 * sender's lists, and Transient that a later message may arrive. Consumers act on that. So only failures of the address
 * itself are Permanent:
 *
 *   verdict     enhanced status     meaning                        bounceType    bounceSubType
 *   expired     any                 the lifetime is over           Transient     as below, else General
 *   in doubt    any                 it may have been delivered     Transient     as below, else General
 *   bounced     x.2.2               a full mailbox                 Transient     MailboxFull
 *   bounced     x.2.3, x.3.4        too large a message            Transient     MessageTooLarge
 *   bounced     x.6.*, x.7.*        content, policy                Transient     ContentRejected
 *   bounced     x.3.*, x.4.*, x.5.* a system, network or protocol  Transient     General
 *   bounced     all others          the address, or unspecified    Permanent     General
 *
 * SES uses NoEmail for a bounce that does not name the recipient. These events always name it, so an unknown user is
 * General, as with SES itself.
 */

import type { BounceEvent } from '../items/event.ts';
import type { LastVerdict } from '../items/item.ts';

/** Type and subtype of a bounce. */
export type BounceType = Pick<BounceEvent['bounce'], 'bounceType' | 'bounceSubType'>;

/** Returns the types of a failure. */
export function bounceTypeOf({ status, dsn, inDoubt }: Pick<LastVerdict, 'status' | 'dsn' | 'inDoubt'>): BounceType {
  const bounceSubType = subTypeOf(dsn.slice(2));
  const isOfAddress = bounceSubType === 'General' && !/^\d\.[345]\./.test(dsn);
  const isPermanent = status !== 'expired' && inDoubt !== true && isOfAddress;
  return { bounceType: isPermanent ? 'Permanent' : 'Transient', bounceSubType };
}

/** Returns the subtype for a status without its class. */
function subTypeOf(detail: string): BounceType['bounceSubType'] {
  if (detail === '2.2') return 'MailboxFull';
  if (detail === '2.3' || detail === '3.4') return 'MessageTooLarge';
  return /^[67]\./.test(detail) ? 'ContentRejected' : 'General';
}
