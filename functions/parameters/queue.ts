import { day, type Row, second } from './row.ts';

/** How many at once, and when again. */
export const queueRows = {
  default_destination_recipient_limit: {
    kind: 'number',
    default: '50',
    min: 0,
    max: 100_000,
    meaning: 'Recipients of one delivery, unless the transport says otherwise; 0 = as many as fit.',
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
    meaning: 'Deliveries to one destination at once, unless the transport says otherwise.',
    differs: 'Postfix also has 0 = no limit; here the limit is the number of slots, so there must be one.',
  },
  lmtp_destination_concurrency_limit: {
    kind: 'number',
    default: '$default_destination_concurrency_limit',
    min: 1,
    max: 1000,
    meaning: 'Deliveries to one destination of this transport at once.',
  },
  initial_destination_concurrency: {
    kind: 'number',
    default: '5',
    min: 1,
    max: 1000,
    meaning: 'Deliveries to one destination at once until some have succeeded, unless the transport says otherwise.',
  },
  lmtp_initial_destination_concurrency: {
    kind: 'number',
    default: '$initial_destination_concurrency',
    min: 1,
    max: 1000,
    meaning: 'Deliveries to one destination of this transport at once until some have succeeded.',
  },
  default_destination_concurrency_failed_cohort_limit: {
    kind: 'number',
    default: '1',
    min: 0,
    max: 100,
    meaning:
      'After how many windows full of failures in a row a destination is suspended for minimal_backoff_time, unless the transport says otherwise; 0 = never.',
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
      'Deliveries to one destination that are in the active queue at once; the rest waits in the table. 0 = fifty times lmtp_destination_concurrency_limit.',
    differs:
      'Postfix counts all messages together, 20000. SQS looks for free message groups among the first 120,000 messages only, so here the limit is of each destination: a slow one takes no place of others.',
  },
  recipient_delimiter: {
    kind: 'text',
    default: '',
    pattern: /^[!-~]*$/,
    wanted: 'characters without blanks',
    meaning:
      'Characters that begin the extension of an address: with lmtp_destination_recipient_limit=1, addresses that differ in it share one concurrency limit.',
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
      'Per cent by which a wait is drawn out at random, within minimal_backoff_time and maximal_backoff_time; so mail that failed together does not come back together.',
    differs: 'Ours: in Postfix the scan of the deferred queue spreads attempts; 0 = its ideal times exactly.',
  },
  maximal_queue_lifetime: {
    kind: 'time',
    default: '5d',
    min: 0,
    max: 100 * day,
    meaning: 'How long delivery is tried before a message is returned; 0 = one attempt.',
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
    meaning: 'After how long the sender is told, once, that a message is still on its way; 0 = never.',
    differs: 'A plain number is seconds, here as everywhere; in Postfix it is hours.',
  },
  in_doubt_action: {
    kind: 'choice',
    default: 'retry',
    allowed: ['retry', 'hold'],
    meaning:
      'What becomes of mail that may have been delivered already (the content went out, the answer never came): it is tried again, or held until a person has looked.',
    differs: 'Ours: Postfix always tries again, as RFC 2033 advises.',
  },
  in_doubt_limit: {
    kind: 'number',
    default: '3',
    min: 0,
    max: 1000,
    meaning:
      'How many attempts to a recipient may end in doubt with in_doubt_action=retry, each of which may have made a copy; after that the recipient is not tried again. When only such recipients are left, the mail is held until its lifetime is over, and then returned as mail that may have been delivered; 0 = no limit. Not obeyed with strict_postfix_verdicts=yes.',
    differs: 'Ours: Postfix tries again for the whole maximal_queue_lifetime.',
  },
} as const satisfies Record<string, Row>;
