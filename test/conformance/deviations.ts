/**
 * Where our decisions deliberately differ from Postfix, scenario by scenario, with the reason, and with its
 * price if it has one.
 *
 * The list is checked from both sides: a scenario that differs and is not listed fails, and so does one that
 * is listed and does not differ. With `strict_postfix_verdicts=yes` none of these differences remains.
 */
export const deviations = {
  'a name that does not exist defers: in a private zone that is nearly always an outage, or a typing error of ours': [
    'connect-host-no-address',
    'connect-host-nxdomain',
    'dest-list-refused-then-nxdomain',
    'dest-list-servfail-then-nxdomain',
  ],
  'a 5xx to LHLO defers, or leads to the next destination: it is a wrong port or a wrong listener': [
    'dest-list-lhlo-550',
    'lhlo-500',
    'lhlo-500-no-helo-fallback',
    'lhlo-501',
    'lhlo-502',
    'lhlo-550-no-enhanced',
    'lhlo-554',
    'lhlo-mixed-codes',
  ],
  'an impossible reply (a 2xx to DATA, a 3xx to RCPT, a code 600) shows a server out of step: no recipient bounces for it':
    ['data-250', 'data-350', 'greeting-354', 'lhlo-354', 'mail-600', 'rcpt-354'],
  'a final reply before the content is out of place: the connection is closed without the dot (price: the mail waits)':
    ['content-early-final'],
  'a reply during the content ends the transaction at once, with the server’s own words, even where the server stops reading (price: none)':
    ['content-421-midway-stall'],
  'a refusal before content bounces only where RSET proves the session in step (price: without a reply to RSET, the mail waits with the refusal as its reason)':
    ['timeout-rcpt-second-after-550-nopipe', 'timeout-rset', 'timeout-rset-nopipe'],
  'a 354 although no recipient was accepted gets no empty message: the connection is closed': [
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
  'the recipients beyond the server’s limit get a further transaction on the same session': ['multi-452-too-many'],
  'where mutual_auth is required, a server that accepts DIGEST-MD5 without its proof is not trusted': [
    'auth-digest-md5-mutual',
  ],
  'a 421 retires the session': ['reuse-after-final-421', 'reuse-after-rcpt-421'],
  'a cached session that fails before content is replaced once, and this is not counted as a session': [
    'reuse-mail-close',
  ],
  'another host may have SMTPUTF8: it is tried before a recipient bounces (as Postfix itself does since 3.8)': [
    'utf8-unsupported-two-hosts',
  ],
} as const satisfies Record<string, readonly string[]>;

/** Scenarios in which more recipients are in doubt than with Postfix, although their verdicts are the same. */
export const doubts = {
  'a 421 in the place of a final reply may announce the close: the message may have been delivered (price: a refused recipient is counted in doubt)':
    [
      'final-421',
      'final-421-close',
      'multi-final-421-second',
      'multi-final-421-second-nopipe',
      'multi-final-421-second-open',
    ],
} as const satisfies Record<string, readonly string[]>;

/** Returns the reason why a scenario's outcome differs, or `undefined`. */
export function reasonFor(name: string): string | undefined {
  return Object.entries<readonly string[]>(deviations).find(([, names]) => names.includes(name))?.[0];
}
