import { day, type Row, second } from './row.ts';

/** Concurrency, retries and lifetimes. */
export const queueRows = {
  default_destination_recipient_limit: {
    kind: 'number',
    default: '50',
    min: 0,
    max: 100_000,
    meaning: 'Recipients of one delivery, unless the transport has its own limit; 0 = as many as fit.',
  },
  lmtp_destination_recipient_limit: {
    kind: 'number',
    default: '$default_destination_recipient_limit',
    min: 0,
    max: 100_000,
    meaning: 'Recipients of one delivery of this transport.',
  },
  default_destination_concurrency_limit: {
    kind: 'number',
    default: '20',
    min: 1,
    max: 1000,
    meaning: 'Simultaneous deliveries to one destination, unless the transport has its own limit.',
    differs: 'Postfix also has 0 = no limit; here the limit is the number of slots, so there must be one.',
  },
  lmtp_destination_concurrency_limit: {
    kind: 'number',
    default: '$default_destination_concurrency_limit',
    min: 1,
    max: 1000,
    meaning: 'Simultaneous deliveries to one destination of this transport.',
  },
  initial_destination_concurrency: {
    kind: 'number',
    default: '5',
    min: 1,
    max: 1000,
    meaning:
      'Simultaneous deliveries to one destination until some have succeeded, unless the transport has its own value.',
  },
  lmtp_initial_destination_concurrency: {
    kind: 'number',
    default: '$initial_destination_concurrency',
    min: 1,
    max: 1000,
    meaning: 'Simultaneous deliveries to one destination of this transport until some have succeeded.',
  },
  default_destination_concurrency_failed_cohort_limit: {
    kind: 'number',
    default: '1',
    min: 0,
    max: 100,
    meaning:
      'A destination is suspended for minimal_backoff_time after this many concurrency windows of failures in a row, unless the transport has its own limit; 0 = never.',
  },
  lmtp_destination_concurrency_failed_cohort_limit: {
    kind: 'number',
    default: '$default_destination_concurrency_failed_cohort_limit',
    min: 0,
    max: 100,
    meaning: 'The same for this transport.',
  },
  qmgr_message_active_limit: {
    kind: 'number',
    default: '0',
    min: 0,
    max: 20_000,
    meaning:
      'Deliveries to one destination in the active queue; the others wait in the table. 0 = fifty times lmtp_destination_concurrency_limit.',
    differs:
      'Postfix counts all messages together, 20000. SQS searches only the first 120,000 messages for free message groups. So here each destination has its own limit, and a slow one takes no place of others.',
  },
  recipient_delimiter: {
    kind: 'text',
    default: '',
    pattern: /^[!-~]*$/,
    wanted: 'characters without blanks',
    meaning:
      'Characters that begin the extension of an address. With lmtp_destination_recipient_limit=1, addresses that differ only in the extension share one concurrency limit.',
  },
  minimal_backoff_time: {
    kind: 'time',
    default: '300s',
    min: second,
    meaning: 'Shortest wait before the next attempt.',
  },
  maximal_backoff_time: {
    kind: 'time',
    default: '4000s',
    min: second,
    meaning: 'Longest wait before the next attempt.',
  },
  retry_jitter: {
    kind: 'number',
    default: '15',
    min: 0,
    max: 100,
    meaning:
      'The most per cent by which a wait is lengthened at random, within minimal_backoff_time and maximal_backoff_time, so that mail that failed together is not retried together.',
    differs: 'Ours: in Postfix the scan of the deferred queue spreads attempts; 0 = exact times.',
  },
  maximal_queue_lifetime: {
    kind: 'time',
    default: '5d',
    min: 0,
    max: 100 * day,
    meaning: 'How long delivery is retried before a message is returned; 0 = one attempt.',
    differs: 'A plain number is seconds, here as everywhere; in Postfix it is days.',
  },
  bounce_queue_lifetime: {
    kind: 'time',
    default: '5d',
    min: 0,
    max: 100 * day,
    meaning: 'The same for mail with the null sender.',
    differs: 'A plain number is seconds, here as everywhere; in Postfix it is days.',
  },
  delay_warning_time: {
    kind: 'time',
    default: '0h',
    min: 0,
    max: 100 * day,
    meaning: 'Time after which the sender is notified, once, that a message is delayed; 0 = never.',
    differs: 'A plain number is seconds, here as everywhere; in Postfix it is hours.',
  },
  in_doubt_action: {
    kind: 'choice',
    default: 'retry',
    allowed: ['retry', 'hold'],
    meaning:
      'Mail that may have been delivered already (the content was sent, and no reply came) is retried, or held until an operator has looked.',
    differs: 'Ours: Postfix always retries, as RFC 2033 advises.',
  },
  in_doubt_limit: {
    kind: 'number',
    default: '3',
    min: 0,
    max: 1000,
    meaning:
      'Attempts to a recipient that may end in doubt with in_doubt_action=retry; each may have delivered a copy. Then the recipient is not retried. When only such recipients are left, the mail is held until the end of its lifetime, and then returned as mail that may have been delivered. 0 = no limit. No effect with strict_postfix_verdicts=yes.',
    differs: 'Ours: Postfix retries for the whole maximal_queue_lifetime.',
  },
} as const satisfies Record<string, Row>;
