/**
 * The points on which verdicts differ from Postfix's, in one object that policy uses; and Postfix's own, for comparison
 * (strict_postfix_verdicts=yes).
 */

import { postfixRules } from '../lmtp/postfix-reading.ts';
import { carefulRules } from '../lmtp/reading.ts';
import type { ReplyRules } from '../lmtp/transaction-record.ts';
import type { Parameters } from '../parameters/parameters.ts';
import type { EnhancedStatus } from '../smtp/enhanced-status.ts';

/** The points on which verdicts differ. */
export interface Judge {
  /** How replies are read. */
  readonly rules: ReplyRules;
  /** Whether to look for unexpected replies when a session is opened or revived. */
  readonly looksForStrays: boolean;
  /** The status of a reply that fits no class: a 3xx to RCPT, a code 600. */
  readonly unclassified: EnhancedStatus;
  /** The status of a name that does not exist. */
  readonly unknownName: EnhancedStatus;
  /** Whether a refused LHLO, or a refused STARTTLS with required TLS, defers. */
  readonly softensOpening: boolean;
  /** Whether a recipient in doubt is tried at the next host of the same attempt. */
  readonly offersDoubtElsewhere: boolean;
  /** Whether a session that fails before content is replaced by a new one, without a verdict. */
  readonly renewsSessions: boolean;
  /** Whether other hosts are tried for SMTPUTF8 before a message that needs it bounces (Postfix since 3.8). */
  readonly asksOthersForUtf8: boolean;
  /** Whether a server without AUTH gets no mail (lmtp_sasl_auth_required), and must prove its identity with mutual_auth. */
  readonly insistsOnAuth: boolean;
  /** Whether final replies after the first have their own time-out (lmtp_data_done_next_timeout). */
  readonly hurriesFinals: boolean;
}

/** The default. */
export const ownJudge: Judge = {
  rules: carefulRules,
  looksForStrays: true,
  unclassified: '4.5.0',
  // In a private zone a missing name is nearly always an outage, or an error in the configuration.
  unknownName: '4.4.4',
  // A server without LHLO is a wrong port or listener; one that offers TLS and refuses it needs its administrator.
  softensOpening: true,
  offersDoubtElsewhere: false,
  renewsSessions: true,
  asksOthersForUtf8: true,
  insistsOnAuth: true,
  hurriesFinals: true,
};

/** Postfix's. */
export const postfixJudge: Judge = {
  rules: postfixRules,
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

/** Returns the judge that the parameters select. */
export function judgeOf({ strict_postfix_verdicts }: Pick<Parameters, 'strict_postfix_verdicts'>): Judge {
  return strict_postfix_verdicts ? postfixJudge : ownJudge;
}
