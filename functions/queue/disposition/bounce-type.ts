/**
 * The types of Amazon SES for a failure.
 *
 * In SES's own words (Amazon SNS notification contents, "Bounce types"), Permanent means that the address should be taken
 * off the sender's lists at once, Transient that a later message may well arrive. Consumers act on that, so only what is
 * said of the address itself is Permanent:
 *
 *   verdict     enhanced status     what it speaks of              bounceType    bounceSubType
 *   expired     any                 the lifetime is over           Transient     as below, else General
 *   in doubt    any                 it may have been delivered     Transient     as below, else General
 *   bounced     x.2.2               a full mailbox                 Transient     MailboxFull
 *   bounced     x.2.3, x.3.4        too large a message            Transient     MessageTooLarge
 *   bounced     x.6.*, x.7.*        content, policy                Transient     ContentRejected
 *   bounced     x.3.*, x.4.*, x.5.* a system, network or protocol  Transient     General
 *   bounced     all others          the address, or nothing        Permanent     General
 *
 * SES's NoEmail stands for a bounce that does not tell whose it is: ours always do, so an unknown user is General, as it is
 * with SES itself.
 */

import type { BounceEvent } from '../items/event.ts';
import type { LastVerdict } from '../items/item.ts';

/** Type and subtype of a bounce. */
export type BounceType = Pick<BounceEvent['bounce'], 'bounceType' | 'bounceSubType'>;

/** The types of a failure. */
export function bounceTypeOf({ status, dsn, inDoubt }: Pick<LastVerdict, 'status' | 'dsn' | 'inDoubt'>): BounceType {
  const bounceSubType = subTypeOf(dsn.slice(2));
  const isOfAddress = bounceSubType === 'General' && !/^\d\.[345]\./.test(dsn);
  const isPermanent = status !== 'expired' && inDoubt !== true && isOfAddress;
  return { bounceType: isPermanent ? 'Permanent' : 'Transient', bounceSubType };
}

/** By the status without its class. */
function subTypeOf(detail: string): BounceType['bounceSubType'] {
  if (detail === '2.2') return 'MailboxFull';
  if (detail === '2.3' || detail === '3.4') return 'MessageTooLarge';
  return /^[67]\./.test(detail) ? 'ContentRejected' : 'General';
}
