import type { Row } from './row.ts';

/** The names of this mail system, and its log. */
export const identityRows = {
  myhostname: {
    kind: 'text',
    default: 'localhost',
    meaning: 'The name of this mail system: in LHLO, and as Reporting-MTA.',
    differs: 'Postfix uses the host name; a function has none.',
  },
  lmtp_lhlo_name: {
    kind: 'text',
    default: '$myhostname',
    pattern: /^[\w.\-[\]:]+$/,
    wanted: 'a host name or address literal',
    meaning: 'The argument of LHLO.',
  },
  delay_logging_resolution_limit: {
    kind: 'number',
    default: '2',
    min: 0,
    max: 6,
    meaning: 'The most digits after the decimal point of delays in the delivery log.',
  },
  info_log_address_format: {
    kind: 'choice',
    default: 'external',
    allowed: ['external', 'internal'],
    meaning:
      'Addresses in the delivery log: external = local-parts with special characters quoted (`<"a b"@example.com>`), internal = not quoted.',
  },
  debug_peer_list: {
    kind: 'patterns',
    default: '',
    matches: 'hosts',
    meaning:
      'Next-hops, host names (with their subdomains), addresses and net/mask patterns whose dialogues are logged.',
  },
  debug_peer_level: {
    kind: 'number',
    default: '2',
    min: 1,
    max: 9,
    meaning: 'Every level logs the lines of the dialogue, without content and secrets.',
  },
} as const satisfies Record<string, Row>;
