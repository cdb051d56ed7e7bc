/**
 * The time-outs of the stages of a dialogue, from the parameters.
 */

import type { Parameters } from '../parameters/parameters.ts';
import type { Timeouts } from '../session/limit.ts';
import { judgeOf } from './judge.ts';

/** The parameters of time-outs. */
export type TimeoutParameters = Pick<
  Parameters,
  | 'lmtp_connect_timeout'
  | 'lmtp_lhlo_timeout'
  | 'lmtp_starttls_timeout'
  | 'lmtp_mail_timeout'
  | 'lmtp_rcpt_timeout'
  | 'lmtp_data_init_timeout'
  | 'lmtp_data_xfer_timeout'
  | 'lmtp_data_done_timeout'
  | 'lmtp_data_done_next_timeout'
  | 'lmtp_rset_timeout'
  | 'lmtp_quit_timeout'
  | 'strict_postfix_verdicts'
>;

/** Returns the time-outs by stage, in milliseconds. */
export function stageTimeouts(parameters: TimeoutParameters): Timeouts {
  return {
    connect: parameters.lmtp_connect_timeout,
    greeting: parameters.lmtp_lhlo_timeout,
    LHLO: parameters.lmtp_lhlo_timeout,
    STARTTLS: parameters.lmtp_starttls_timeout,
    AUTH: parameters.lmtp_lhlo_timeout,
    MAIL: parameters.lmtp_mail_timeout,
    RCPT: parameters.lmtp_rcpt_timeout,
    DATA: parameters.lmtp_data_init_timeout,
    content: parameters.lmtp_data_xfer_timeout,
    dot: parameters.lmtp_data_done_timeout,
    // A server that answers for one recipient and then is silent has lost count.
    'next dot': judgeOf(parameters).hurriesFinals
      ? Math.min(parameters.lmtp_data_done_timeout, parameters.lmtp_data_done_next_timeout)
      : parameters.lmtp_data_done_timeout,
    RSET: parameters.lmtp_rset_timeout,
    QUIT: parameters.lmtp_quit_timeout,
  };
}
