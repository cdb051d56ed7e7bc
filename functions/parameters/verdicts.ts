import type { Row } from './row.ts';

/** Verdicts on recipients. */
export const verdictRows = {
  soft_bounce: { kind: 'switch', default: 'no', meaning: 'Defer what would bounce.' },
  default_delivery_status_filter: {
    kind: 'maps',
    default: '',
    meaning:
      'Looked up with status and text of each verdict (`4.2.2 mailbox full`); an entry replaces both. 4.x.x may become 5.x.x and the reverse; 2.x.x stays 2.x.x.',
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
      'How long a destination gets one recipient at a time after the number of its final replies was wrong; 0 = no such restriction.',
    differs: 'Ours: a server that does not send one reply for each recipient cannot be trusted with several.',
  },
  strict_postfix_verdicts: {
    kind: 'switch',
    default: 'no',
    meaning:
      "HARMFUL, for comparison only: use Postfix's verdict even where the default verdict is deliberately better.",
    differs: 'Ours.',
    atDeployment: 'it is for comparisons only, on a stack of their own',
  },
} as const satisfies Record<string, Row>;
