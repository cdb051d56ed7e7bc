/**
 * Where we deliberately decide otherwise than Postfix, scenario by scenario, with the reason, and with the price where there is one.
 *
 * The list is checked from both sides: a scenario that differs and is not here fails, and so does one that is here and
 * does not differ. With `strict_postfix_verdicts=yes` none of these differences is left.
 */
export const deviations = {
  'a name that is not there defers: in a private zone that is nearly always an outage, or a typing error of ours': [
    'connect-host-no-address',
    'connect-host-nxdomain',
    'dest-list-refused-then-nxdomain',
    'dest-list-servfail-then-nxdomain',
  ],
  'LHLO refused for good defers, or leads to the next destination: it is a wrong port or a wrong listener': [
    'dest-list-lhlo-550',
    'lhlo-500',
    'lhlo-500-no-helo-fallback',
    'lhlo-501',
    'lhlo-502',
    'lhlo-550-no-enhanced',
    'lhlo-554',
    'lhlo-mixed-codes',
  ],
  'a reply that fits nowhere (a 2xx to DATA, a 3xx to RCPT, a code 600) shows a server out of step: nobody bounces for it':
    ['data-250', 'data-350', 'greeting-354', 'lhlo-354', 'mail-600', 'rcpt-354'],
  'a final reply that comes before the content is not where it belongs: the connection is dropped without the dot (price: the mail waits)':
    ['content-early-final'],
  'what a server says while content is being sent ends it at once, with the server’s own words, also where it takes in no more (price: none)':
    ['content-421-midway-stall'],
  'a refusal before content bounces only where RSET proves the session in step behind it (price: where RSET is not answered, the mail waits with the refusal as its reason)':
    ['timeout-rcpt-second-after-550-nopipe', 'timeout-rset', 'timeout-rset-nopipe'],
  'content that is wanted although nobody was accepted gets no empty message: the connection is closed': [
    'data-no-rcpt-354',
    'data-no-rcpt-354-final',
    'mail-450-rcpt-250',
  ],
  'a recipient in doubt is not offered to another host in the same attempt': [
    'content-two-hosts-close',
    'dest-list-final-close',
    'final-two-hosts-close',
    'timeout-final-two-hosts',
  ],
  'recipients that were too many at a time get a further transaction on the same session': ['multi-452-too-many'],
  'where mutual_auth is asked for, a server that says yes to DIGEST-MD5 without its proof is not believed': [
    'auth-digest-md5-mutual',
  ],
  'a 421 retires the session': ['reuse-after-final-421', 'reuse-after-rcpt-421'],
  'a cached session that fails before content is replaced once, at no charge': ['reuse-mail-close'],
  'another host may have SMTPUTF8: it is asked before anybody bounces (as Postfix itself does since 3.8)': [
    'utf8-unsupported-two-hosts',
  ],
} as const satisfies Record<string, readonly string[]>;

/** Scenarios in which more recipients are in doubt than Postfix would say, although their verdict is the same. */
export const doubts = {
  'a 421 in the place of a final reply may be a goodbye: the message may have been delivered (price: a recipient that was refused is counted in doubt)':
    [
      'final-421',
      'final-421-close',
      'multi-final-421-second',
      'multi-final-421-second-nopipe',
      'multi-final-421-second-open',
    ],
} as const satisfies Record<string, readonly string[]>;

/** The reason why a scenario's outcome differs, if one is given. */
export function reasonFor(name: string): string | undefined {
  return Object.entries<readonly string[]>(deviations).find(([, names]) => names.includes(name))?.[0];
}
