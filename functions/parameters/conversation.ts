import type { Row } from './row.ts';

/** What is said to a server, and how its words are taken. */
export const conversationRows = {
  lmtp_skip_5xx_greeting: {
    kind: 'switch',
    default: 'yes',
    meaning: 'A 5xx greeting defers, or leads to the next host; no = it bounces.',
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
    meaning: 'LHLO keywords to take as not offered: the way out with a broken server.',
  },
  lmtp_discard_lhlo_keyword_address_maps: {
    kind: 'maps',
    default: '',
    meaning: "The same by the server's address; a hit stands in the place of lmtp_discard_lhlo_keywords.",
  },
  lmtp_quote_rfc821_envelope: {
    kind: 'switch',
    default: 'yes',
    meaning: 'Quote odd local-parts in MAIL FROM and RCPT TO.',
  },
  smtputf8_enable: {
    kind: 'switch',
    default: 'yes',
    meaning: 'Ask for SMTPUTF8 where a request says so, or an address needs it; no = SMTPUTF8 is never used.',
  },
  line_length_limit: {
    kind: 'size',
    default: '2048',
    min: 512,
    max: 1_000_000,
    meaning:
      "How much of a server's reply is kept, of one line and of all lines together; what goes beyond is read and forgotten.",
  },
  lmtp_reply_filter: {
    kind: 'maps',
    default: '',
    meaning: 'Rewrites each line of a reply before it is looked at: for a server that says the wrong thing.',
  },
} as const satisfies Record<string, Row>;
