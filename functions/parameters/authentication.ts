import { securityOptions } from '../sasl/security-options.ts';
import type { Row } from './row.ts';

/** Who we are to the server (AUTH, RFC 4954). */
export const authenticationRows = {
  lmtp_sasl_auth_enable: {
    kind: 'switch',
    default: 'no',
    meaning: 'Authenticate to servers that offer AUTH and that lmtp_sasl_password_maps has a password for.',
  },
  lmtp_sasl_auth_required: {
    kind: 'switch',
    default: 'yes',
    meaning: 'Defer (4.7.0) where there is a password for a server that offers no AUTH; no = send without it.',
    differs:
      'Ours; Postfix sends. A server without AUTH may be the wrong server, or an attacker on the path removed the offer; it should not receive mail.',
  },
  lmtp_sasl_password_maps: {
    kind: 'passwords',
    default: '',
    secret: true,
    meaning:
      "Looked up with the server's host name, then with the next-hop as written without `inet:` (`[host]:port`, a path): `user:password`, or an object with user and password, or user and token. Nothing found = no AUTH.",
  },
  lmtp_sasl_password_result_delimiter: {
    kind: 'text',
    default: ':',
    pattern: /^\S$/,
    wanted: 'one character that is no blank',
    meaning: 'What stands between user and password; the first of them counts.',
  },
  lmtp_sasl_mechanism_filter: {
    kind: 'patterns',
    default: '',
    matches: 'strings',
    meaning: 'Mechanisms that may be used of those that the server offers: `!login, static:all`; empty = all.',
  },
  lmtp_sasl_security_options: {
    kind: 'words',
    default: 'noplaintext, noanonymous',
    allowed: securityOptions,
    meaning:
      'What a mechanism must have to be used without TLS: no password in clear, safe from active attack, from dictionaries, no anonymous login, proof by the server too, secrets that outlast a stolen key; empty = nothing.',
  },
  lmtp_sasl_tls_security_options: {
    kind: 'words',
    default: '$lmtp_sasl_security_options',
    allowed: securityOptions,
    meaning: 'The same over TLS. `noanonymous` lets PLAIN and LOGIN through there.',
  },
  lmtp_sasl_tls_verified_security_options: {
    kind: 'words',
    default: '$lmtp_sasl_tls_security_options',
    allowed: securityOptions,
    meaning: 'The same over TLS to a server whose certificate was accepted.',
  },
  lmtp_sasl_auth_soft_bounce: {
    kind: 'switch',
    default: 'yes',
    meaning: 'Defer where the server refuses our credentials for good (5xx); no = bounce.',
  },
  lmtp_sasl_auth_cache_time: {
    kind: 'time',
    default: '1h',
    min: 0,
    meaning:
      'How long refused credentials are not tried again, so that a wrong password does not lock an account; 0 = not at all.',
    differs:
      'Postfix: 90d, in a database. Here each container remembers for itself, by the version of the secret: a new version is tried at once, and what was put right on the server within the hour.',
  },
  lmtp_send_dummy_mail_auth: {
    kind: 'switch',
    default: 'no',
    meaning: 'Say AUTH=<> in MAIL FROM on sessions that are authenticated, for servers that insist on it.',
  },
} as const satisfies Record<string, Row>;
