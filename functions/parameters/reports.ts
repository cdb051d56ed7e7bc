import { controlClass } from '../smtp/control-characters.ts';
import type { Row } from './row.ts';

/** An address; one without a domain gets $myhostname. */
const address = new RegExp(`^[^\\s<>()",;:\\\\${controlClass}]+$`, 'u');
const mailbox = new RegExp(`^$|^[^\\s<>()",;:\\\\@${controlClass}]+@[A-Za-z0-9.-]+$`, 'u');
const wantedAddress = 'an address, or a local-part of $myhostname';

/** Reports to senders and postmasters. */
export const reportRows = {
  bounce_size_limit: {
    kind: 'size',
    default: '50000',
    min: 0,
    meaning: 'Largest original that a report returns whole; of a larger one, it returns only the header.',
  },
  bounce_notice_recipient: {
    kind: 'text',
    default: 'postmaster',
    pattern: address,
    wanted: wantedAddress,
    meaning: 'Recipient of a copy, with the header only, of undeliverable mail (class bounce).',
  },
  '2bounce_notice_recipient': {
    kind: 'text',
    default: 'postmaster',
    pattern: address,
    wanted: wantedAddress,
    meaning:
      'Recipient of mail that could be delivered neither to its recipient nor back to its sender (class 2bounce).',
  },
  delay_notice_recipient: {
    kind: 'text',
    default: 'postmaster',
    pattern: address,
    wanted: wantedAddress,
    meaning: 'Recipient of a copy, with the header only, of delayed mail (class delay).',
  },
  error_notice_recipient: {
    kind: 'text',
    default: 'postmaster',
    pattern: address,
    wanted: wantedAddress,
    meaning: 'Recipient of notices of trouble (classes data, policy, protocol, resource, software).',
  },
  notify_classes: {
    kind: 'words',
    default: 'resource, software',
    allowed: ['bounce', '2bounce', 'delay', 'data', 'policy', 'protocol', 'resource', 'software'],
    meaning: 'Classes of which postmasters are notified; bounce includes 2bounce.',
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
    meaning: 'Reports refer to the original message (In-Reply-To, References).',
  },
  relay_domains: {
    kind: 'patterns',
    default: '',
    matches: 'hosts',
    meaning:
      'Domains whose mail this stack delivers, in addition to the domains of the transport map and their subdomains: reports to them go to incoming.',
  },
  bounce_report_routes: {
    kind: 'words',
    default: 'incoming',
    allowed: ['incoming', 'ses', 'none'],
    min: 1,
    meaning:
      'Routes for reports; the first route that serves the address is used: incoming = this stack, if it delivers for the domain; ses = Amazon SES; none = no report.',
    differs: 'Ours: Postfix is part of a mail system.',
    atDeployment: 'the deployment permits the functions to send by it',
  },
  bounce_report_ses_sender: {
    kind: 'text',
    default: '',
    pattern: mailbox,
    wanted: 'an address with a domain',
    meaning: 'An address that SES has verified: the author of reports sent through SES.',
    differs: 'Ours: SES sends only from your own addresses.',
    atDeployment: 'the deployment permits the functions to send by it',
  },
  bounce_report_wait: {
    kind: 'time',
    default: '60s',
    min: 0,
    meaning:
      'How long a report waits for the results of other deliveries of the same request; 0 = one report for each delivery.',
    differs: 'Ours: Postfix has all recipients of a message in one file.',
  },
  bounce_report_requires_spf: {
    kind: 'switch',
    default: 'no',
    meaning:
      'Senders get reports only where the request says that SPF passed: other senders may be forged. Postmasters get theirs.',
    differs: 'Ours: Postfix refuses forged mail before it is queued.',
  },
} as const satisfies Record<string, Row>;
