import type { Row } from './row.ts';

/** What becomes of recipients. */
export const verdictRows = {
  soft_bounce: { kind: 'switch', default: 'no', meaning: 'Defer whatever would bounce.' },
  default_delivery_status_filter: {
    kind: 'maps',
    default: '',
    meaning:
      'Looked up with status and text of each verdict (`4.2.2 mailbox full`); a hit replaces them. 4.x.x may become 5.x.x and back, 2.x.x stays 2.x.x.',
  },
  lmtp_delivery_status_filter: {
    kind: 'maps',
    default: '$default_delivery_status_filter',
    meaning: 'The same for this transport.',
  },
  lmtp_assume_final: {
    kind: 'switch',
    default: 'no',
    meaning: 'Where a server lacks DSN, report success as delivered, not as relayed (lmtp_flags has X for it).',
  },
  short_reply_fallback_time: {
    kind: 'time',
    default: '1d',
    min: 0,
    meaning:
      'How long a destination gets one recipient at a time after its final replies were more or fewer than its recipients; 0 = not at all.',
    differs: 'Ours: a server that does not answer once for each recipient cannot be trusted with several.',
  },
  strict_postfix_verdicts: {
    kind: 'switch',
    default: 'no',
    meaning: "HARMFUL, for comparison only: draw Postfix's verdict also where ours is deliberately better.",
    differs: 'Ours.',
  },
} as const satisfies Record<string, Row>;
