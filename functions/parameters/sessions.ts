import { type Row, second } from './row.ts';

/** Sessions that stay open between requests. The shortest limit applies. */
export const sessionRows = {
  lmtp_cache_connection: { kind: 'switch', default: 'yes', meaning: 'Keep sessions open between requests.' },
  lmtp_connection_cache_destinations: {
    kind: 'patterns',
    default: '',
    matches: 'strings',
    meaning:
      'Destinations whose sessions are kept even with lmtp_cache_connection=no: host, address or path, without inet:, brackets and port.',
  },
  lmtp_connection_cache_size: {
    kind: 'number',
    default: '4',
    min: 0,
    max: 100,
    meaning: 'Idle sessions that one container keeps open; each occupies a process of the mail store.',
    differs: 'Ours; the original lmtp(8) kept one.',
    atDeployment: 'the sessions that the mail store must allow are reckoned from it (sessionBudget)',
  },
  max_idle: { kind: 'time', default: '100s', min: second, meaning: 'How long a session may be idle.' },
  lmtp_connection_cache_time_limit: {
    kind: 'time',
    default: '$max_idle',
    min: second,
    meaning: 'How long a session may be idle, if less than max_idle.',
    differs:
      'Postfix: 2s, for sessions that its processes share. Here each container has its own, like the original lmtp(8).',
  },
  max_use: { kind: 'number', default: '100', min: 1, max: 1_000_000, meaning: 'How many requests one session serves.' },
  lmtp_connection_reuse_count_limit: {
    kind: 'number',
    default: '0',
    min: 0,
    max: 1_000_000,
    meaning:
      'How often a session may be reused after its first request, if less than max_use allows; 0 = max_use alone.',
  },
  lmtp_connection_reuse_time_limit: {
    kind: 'time',
    default: '300s',
    min: second,
    meaning: 'How long a session may live, from the start of its connection.',
  },
  lmtp_skip_quit_response: {
    kind: 'switch',
    default: 'yes',
    meaning: 'Do not wait for the reply to QUIT.',
    differs: 'Postfix: no. A function is billed while it waits for that reply.',
  },
} as const satisfies Record<string, Row>;
