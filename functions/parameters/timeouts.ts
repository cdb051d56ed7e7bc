import { type Row, second } from './row.ts';

/**
 * The time-outs of a dialogue. The remaining time of the function is the upper bound of each; whether its end blames the
 * server depends on how long the server was silent (session/limit.ts).
 */
export const timeoutRows = {
  lmtp_connect_timeout: {
    kind: 'time',
    default: '30s',
    min: 0,
    meaning: 'Connecting; 0 = the limit of the operating system.',
    differs: 'Postfix: 0s. A function must not wait as long as a kernel does.',
  },
  lmtp_lhlo_timeout: { kind: 'time', default: '300s', min: second, meaning: 'The greeting, and the reply to LHLO.' },
  lmtp_mail_timeout: { kind: 'time', default: '300s', min: second, meaning: 'The reply to MAIL FROM.' },
  lmtp_rcpt_timeout: { kind: 'time', default: '300s', min: second, meaning: 'The reply to each RCPT TO.' },
  lmtp_data_init_timeout: { kind: 'time', default: '120s', min: second, meaning: 'The reply to DATA.' },
  lmtp_data_xfer_timeout: {
    kind: 'time',
    default: '180s',
    min: second,
    meaning: 'Sending content: how long the server may accept no data.',
  },
  lmtp_data_done_timeout: {
    kind: 'time',
    default: '600s',
    min: second,
    meaning: 'The final reply, separately for each recipient.',
  },
  lmtp_data_done_next_timeout: {
    kind: 'time',
    default: '60s',
    min: second,
    meaning: 'Each final reply after the first, where lmtp_data_done_timeout is longer.',
    differs: 'Ours: a server that answers for one recipient and then is silent has lost count.',
  },
  lmtp_rset_timeout: { kind: 'time', default: '20s', min: second, meaning: 'The reply to RSET.' },
  lmtp_quit_timeout: {
    kind: 'time',
    default: '300s',
    min: second,
    meaning: 'The reply to QUIT, with lmtp_skip_quit_response=no.',
  },
  lmtp_per_request_deadline: {
    kind: 'switch',
    default: 'no',
    meaning: 'A time-out covers a whole command and its reply, or all of the content, not each read and write.',
  },
  lmtp_min_data_rate: {
    kind: 'number',
    default: '500',
    min: 1,
    max: 1_000_000_000,
    meaning: 'Octets per second: with lmtp_per_request_deadline, sending content may take as long as this rate allows.',
  },
} as const satisfies Record<string, Row>;
