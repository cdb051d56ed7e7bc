import type { Row } from './row.ts';

/** An address, with or without a domain; one without gets $myhostname. */
const address = /^[^\s<>()",;:\\\p{Cc}]+$/u;
const wantedAddress = 'an address, or a local-part of $myhostname';

/** Who is told what became of a message, and how. */
export const reportRows = {
  bounce_size_limit: {
    kind: 'size',
    default: '50000',
    min: 0,
    meaning: 'Largest original that a report returns whole; of a larger one, only the header comes back.',
  },
  bounce_notice_recipient: {
    kind: 'text',
    default: 'postmaster',
    pattern: address,
    wanted: wantedAddress,
    meaning: 'Who gets a copy, with the header only, of what could not be delivered (class bounce).',
  },
  '2bounce_notice_recipient': {
    kind: 'text',
    default: 'postmaster',
    pattern: address,
    wanted: wantedAddress,
    meaning: 'Who gets what could be delivered neither to its recipient nor back to its sender (class 2bounce).',
  },
  delay_notice_recipient: {
    kind: 'text',
    default: 'postmaster',
    pattern: address,
    wanted: wantedAddress,
    meaning: 'Who gets a copy, with the header only, of what is late (class delay).',
  },
  error_notice_recipient: {
    kind: 'text',
    default: 'postmaster',
    pattern: address,
    wanted: wantedAddress,
    meaning: 'Who gets notices of trouble as mail (classes data, policy, protocol, resource, software).',
  },
  notify_classes: {
    kind: 'words',
    default: 'resource, software',
    allowed: ['bounce', '2bounce', 'delay', 'data', 'policy', 'protocol', 'resource', 'software'],
    meaning: 'What postmasters are told of; bounce includes 2bounce.',
  },
  double_bounce_sender: {
    kind: 'text',
    default: 'double-bounce',
    pattern: address,
    wanted: wantedAddress,
    meaning: 'Envelope sender of notices to postmasters. Undeliverable mail from this sender is not reported.',
  },
  mail_name: {
    kind: 'text',
    default: 'Postfix',
    pattern: /^[A-Za-z0-9][A-Za-z0-9.-]{0,39}$/,
    wanted: 'a word of letters, digits, dots and hyphens',
    meaning: 'The mail system in reports: in Received, and as the X- of fields such as X-Postfix-Queue-ID.',
  },
  enable_threaded_bounces: {
    kind: 'switch',
    default: 'no',
    meaning: 'Reports refer to the message they are about (In-Reply-To, References).',
  },
  relay_domains: {
    kind: 'patterns',
    default: '',
    matches: 'hosts',
    meaning:
      'Domains whose mail this stack delivers, beside those that the transport map names, itself or by a parent: reports to them go to incoming.',
  },
  bounce_report_routes: {
    kind: 'words',
    default: 'incoming',
    allowed: ['incoming', 'ses', 'none'],
    min: 1,
    meaning:
      'How a report leaves; the first that serves its address: incoming = this stack, where it delivers for the domain; ses = Amazon SES; none = not at all.',
    differs: 'Ours: Postfix has a mail system around it.',
  },
  bounce_report_ses_sender: {
    kind: 'text',
    default: '',
    pattern: /^$|^[^\s<>()",;:\\\p{Cc}]+@[A-Za-z0-9.-]+$/u,
    wanted: 'an address with a domain',
    meaning: 'An address that SES has verified: the author of reports that leave through SES.',
    differs: 'Ours: SES sends nothing without an author of yours.',
  },
  bounce_report_wait: {
    kind: 'time',
    default: '60s',
    min: 0,
    meaning: 'How long a report waits for what other deliveries of the same request come to; 0 = one report each.',
    differs: 'Ours: Postfix has all of a message in one file.',
  },
  bounce_report_requires_spf: {
    kind: 'switch',
    default: 'no',
    meaning:
      'Senders get reports only where the request says that SPF passed: others may never have sent anything. Postmasters get theirs.',
    differs: 'Ours: Postfix refuses forged mail before it is queued.',
  },
} as const satisfies Record<string, Row>;
