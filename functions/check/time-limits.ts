/** The time limits of a check; a file of its own, so that `--help` loads no more than these. */

import type { WrittenParameters } from '../parameters/parameters.ts';

/** Replace the defaults of the parameter table: an operator waits for the result. */
export const checkTimeouts = {
  lmtp_connect_timeout: '10s',
  lmtp_lhlo_timeout: '20s',
  lmtp_starttls_timeout: '20s',
  lmtp_mail_timeout: '30s',
  lmtp_rcpt_timeout: '30s',
  lmtp_rset_timeout: '10s',
  lmtp_quit_timeout: '5s',
} as const satisfies WrittenParameters;
