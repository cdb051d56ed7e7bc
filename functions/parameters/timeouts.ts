import { type Row, second } from './row.ts';

/**
 * How long each step of a dialogue may take. What is left of the function's own time is the upper bound of all; whether its
 * end blames the server depends on how long the server was silent (session/limit.ts).
 */
export const timeoutRows = {
  lmtp_connect_timeout: {
    kind: 'time',
    default: '30s',
    min: 0,
    meaning: 'Connecting; 0 = as long as the system tries.',
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
    meaning: 'Sending content: how long the server may take nothing in.',
  },
  lmtp_data_done_timeout: {
    kind: 'time',
    default: '600s',
    min: second,
    meaning: 'The final reply, afresh for each recipient.',
  },
  lmtp_data_done_next_timeout: {
    kind: 'time',
    default: '60s',
    min: second,
    meaning: 'Each final reply after the first, where lmtp_data_done_timeout is longer.',
    differs: 'Ours: a server that answered one recipient and then falls silent has lost count.',
  },
  lmtp_rset_timeout: { kind: 'time', default: '20s', min: second, meaning: 'The reply to RSET.' },
  lmtp_quit_timeout: {
    kind: 'time',
    default: '300s',
    min: second,
    meaning: 'The reply to QUIT, where it is waited for.',
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
    meaning: 'Octets a second: with lmtp_per_request_deadline, sending content may take as long as this rate allows.',
  },
} as const satisfies Record<string, Row>;
