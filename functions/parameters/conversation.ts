import type { Row } from './row.ts';

/** Commands to a server, and how its replies are read. */
export const conversationRows = {
  lmtp_skip_5xx_greeting: {
    kind: 'switch',
    default: 'yes',
    meaning: 'A 5xx greeting defers, or the next host is tried; no = it bounces.',
  },
  lmtp_discard_lhlo_keywords: {
    kind: 'words',
    default: '',
    allowed: [
      '8bitmime',
      'auth',
      'chunking',
      'dsn',
      'enhancedstatuscodes',
      'etrn',
      'pipelining',
      'requiretls',
      'silent-discard',
      'size',
      'smtputf8',
      'starttls',
      'verp',
      'vrfy',
      'xclient',
      'xforward',
    ],
    meaning: 'LHLO keywords to ignore: a workaround for broken servers.',
  },
  lmtp_discard_lhlo_keyword_address_maps: {
    kind: 'maps',
    default: '',
    meaning: "The same by the server's address; an entry replaces lmtp_discard_lhlo_keywords.",
  },
  lmtp_quote_rfc821_envelope: {
    kind: 'switch',
    default: 'yes',
    meaning: 'Quote local-parts with special characters in MAIL FROM and RCPT TO.',
  },
  smtputf8_enable: {
    kind: 'switch',
    default: 'yes',
    meaning: 'Use SMTPUTF8 where a request or an address needs it; no = never.',
  },
  line_length_limit: {
    kind: 'size',
    default: '2048',
    min: 512,
    max: 1_000_000,
    meaning:
      "Octets of a server's reply that are kept, of one line and of all lines together; the rest is read and discarded.",
  },
  lmtp_reply_filter: {
    kind: 'maps',
    default: '',
    meaning: 'Rewrites each line of a reply before it is parsed: for a server that sends wrong replies.',
  },
} as const satisfies Record<string, Row>;
