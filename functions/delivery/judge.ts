/**
 * Where we conclude otherwise than Postfix does, in one object that policy asks; and Postfix's own conclusions beside it, for
 * comparison (strict_postfix_verdicts=yes).
 */

import type { Manners } from '../lmtp/heard.ts';
import { postfixManners } from '../lmtp/postfix-reading.ts';
import { careful } from '../lmtp/reading.ts';
import type { Parameters } from '../parameters/parameters.ts';
import type { EnhancedStatus } from '../smtp/enhanced-status.ts';

/** The points at which conclusions differ. */
export interface Judge {
  /** How replies are read. */
  readonly manners: Manners;
  /** Whether replies that no command asked for are looked for while a session is opened, and when it is taken up again. */
  readonly looksForStrays: boolean;
  /** Status of a reply that fits nowhere: a 3xx to RCPT, a code 600. */
  readonly unclassified: EnhancedStatus;
  /** Status of a name that does not exist. */
  readonly unknownName: EnhancedStatus;
  /** Whether a refused LHLO, or a refused STARTTLS where TLS is required, defers. */
  readonly softensOpening: boolean;
  /** Whether a recipient in doubt is offered to the next host of the same attempt. */
  readonly offersDoubtElsewhere: boolean;
  /** Whether a session that fails before content is replaced by a fresh one, at no charge. */
  readonly renewsSessions: boolean;
  /** Whether another host is asked for SMTPUTF8 before a message that needs it bounces (Postfix since 3.8). */
  readonly asksOthersForUtf8: boolean;
  /** Whether a server that offers no AUTH gets no mail (lmtp_sasl_auth_required), and must prove itself where mutual_auth is asked for. */
  readonly insistsOnAuth: boolean;
  /** Whether final replies behind the first have a time-out of their own (lmtp_data_done_next_timeout). */
  readonly hurriesFinals: boolean;
}

/** Our own. */
export const ownJudge: Judge = {
  manners: careful,
  looksForStrays: true,
  unclassified: '4.5.0',
  // In a private zone a missing name is nearly always an outage, or a typing error of ours.
  unknownName: '4.4.4',
  // A server that does not know LHLO is a wrong port or a wrong listener; one that offers TLS and refuses it needs its administrator.
  softensOpening: true,
  offersDoubtElsewhere: false,
  renewsSessions: true,
  asksOthersForUtf8: true,
  insistsOnAuth: true,
  hurriesFinals: true,
};

/** Postfix's. */
export const postfixJudge: Judge = {
  manners: postfixManners,
  looksForStrays: false,
  unclassified: '5.5.0',
  unknownName: '5.4.4',
  softensOpening: false,
  offersDoubtElsewhere: true,
  renewsSessions: false,
  asksOthersForUtf8: false,
  insistsOnAuth: false,
  hurriesFinals: false,
};

/** The judge that the parameters ask for. */
export function judgeOf({ strict_postfix_verdicts }: Pick<Parameters, 'strict_postfix_verdicts'>): Judge {
  return strict_postfix_verdicts ? postfixJudge : ownJudge;
}
