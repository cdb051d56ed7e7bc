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
  maximal_queue_lifetime: {
    kind: 'time',
    default: '5d',
    min: 0,
    max: 100 * day,
    meaning: 'How long delivery is tried before a message is returned; 0 = one attempt.',
  },
  bounce_queue_lifetime: {
    kind: 'time',
    default: '5d',
    min: 0,
    max: 100 * day,
    meaning: 'The same for mail with the null sender.',
  },
} as const satisfies Record<string, Row>;
