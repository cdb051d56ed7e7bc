import { securityOptions } from '../sasl/security-options.ts';
import type { Row } from './row.ts';

/** Authentication (AUTH, RFC 4954). */
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
      'Ours; Postfix sends. A server without AUTH may be the wrong server, or an attacker on the path removed the offer. It should not receive mail.',
  },
  lmtp_sasl_password_maps: {
    kind: 'passwords',
    default: '',
    secret: true,
    meaning:
      "Looked up with the server's host name, then with the next-hop as written without `inet:` (`[host]:port`, a path): `user:password`, or an object with user and password, or user and token. No entry = no AUTH.",
    atDeployment: 'the deployment permits the functions to read the files and secrets that it names',
  },
  lmtp_sasl_password_result_delimiter: {
    kind: 'text',
    default: ':',
    pattern: /^\S$/,
    wanted: 'one character that is not a blank',
    meaning: 'The separator between user and password; the first occurrence counts.',
  },
  lmtp_sasl_mechanism_filter: {
    kind: 'patterns',
    default: '',
    matches: 'strings',
    meaning: 'Mechanisms of the server that may be used: `!login, static:all`; empty = all.',
  },
  lmtp_sasl_security_options: {
    kind: 'words',
    default: 'noplaintext, noanonymous',
    allowed: securityOptions,
    meaning:
      'Properties that a mechanism must have to be used without TLS: no password in clear, safe from active attacks, safe from dictionary attacks, no anonymous login, proof by the server too, forward secrecy; empty = none.',
  },
  lmtp_sasl_tls_security_options: {
    kind: 'words',
    default: '$lmtp_sasl_security_options',
    allowed: securityOptions,
    meaning: 'The same over TLS. `noanonymous` allows PLAIN and LOGIN there.',
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
    meaning: 'Defer where the server refuses the credentials with 5xx; no = bounce.',
  },
  lmtp_sasl_auth_cache_time: {
    kind: 'time',
    default: '1h',
    min: 0,
    meaning:
      'How long refused credentials are not tried again, so that a wrong password does not lock an account; 0 = always try.',
    differs:
      'Postfix: 90d, in a database. Here each container remembers refusals by the version of the secret: a new version is tried at once, and a correction on the server takes effect within the hour.',
  },
  lmtp_send_dummy_mail_auth: {
    kind: 'switch',
    default: 'no',
    meaning: 'Send AUTH=<> in MAIL FROM on authenticated sessions, for servers that require it.',
  },
} as const satisfies Record<string, Row>;
