import { nameRule } from './name-rule.ts';
import { type Row, second } from './row.ts';

const noDane = 'DANE needs DNS answers validated with DNSSEC; the resolver of a function does not validate';

/** A source of certificates and keys: a path, an object, or a secret. */
const source = String.raw`(?:secretsmanager:[\w/+=.@!:-]+|s3:\/\/[^\s,/]+\/[^\s,]+|[^\s,:/]*\/[^\s,]*)`;
const sourceWanted = 'a path, s3://BUCKET/KEY, or secretsmanager:NAME (a name or an ARN)';

/** Rules for the name in a certificate, separated by commas, colons or blanks. */
const nameRules = {
  pattern: new RegExp(String.raw`^[\s,:]*${nameRule}(?:[\s,:]+${nameRule})*[\s,:]*$`, 'i'),
  wanted: 'a list of hostname, nexthop, dot-nexthop, names, .domains (all names below them) and [addresses]',
} as const;

/** TLS. */
export const tlsRows = {
  lmtp_tls_security_level: {
    kind: 'choice',
    default: '',
    allowed: ['', 'none', 'may', 'encrypt', 'fingerprint', 'verify', 'secure'],
    refused: { dane: noDane, 'dane-only': noDane },
    meaning:
      'none (or empty) = no TLS; may = where the server offers it; encrypt = always, with any certificate; fingerprint, verify, secure = always, with a certificate that lmtp_tls_fingerprint_cert_match, lmtp_tls_verify_cert_match or lmtp_tls_secure_cert_match accepts. At a unix: destination, may is none.',
  },
  lmtp_tls_policy_maps: {
    kind: 'maps',
    default: '',
    fold: true,
    meaning:
      'Looked up with the next-hop (`[host]:port`, `host:port`, `[host]`, `host`, then `.domain` for each domain above it; a path): a level and attributes, `secure match=mail.example.com:.example.net servername=hostname protocols=>=TLSv1.3 connection_reuse=no`. An entry that cannot be used defers with 4.7.5.',
    differs:
      'Postfix looks up only the next-hop as written. Here its port and brackets may be left out, because destinations are stored with both.',
  },
  lmtp_tls_wrappermode: {
    kind: 'switch',
    default: 'no',
    meaning: 'TLS from the first octet, without STARTTLS; needs level encrypt or higher.',
  },
  lmtp_starttls_timeout: {
    kind: 'time',
    default: '300s',
    min: second,
    meaning: 'The reply to STARTTLS, and the handshake.',
  },
  lmtp_tls_CAfile: {
    kind: 'text',
    isSource: true,
    default: '',
    pattern: new RegExp(`^(?:|system|${source})$`),
    wanted: `empty, system, ${sourceWanted}`,
    meaning:
      'Certificates of the trusted authorities, in PEM: a file, or secretsmanager:NAME; system = the store of the system; empty = the authorities of the runtime (those of Mozilla).',
    differs: 'Postfix: empty = none, and neither keyword.',
    atDeployment: 'the deployment permits the functions to read the files and secrets that it names',
  },
  lmtp_tls_chain_files: {
    kind: 'text',
    isSource: true,
    default: '',
    pattern: new RegExp(String.raw`^(?:[\s,]*|[\s,]*${source}(?:[\s,]+${source})*[\s,]*)$`),
    wanted: `a list of paths and secretsmanager:NAME (a name or an ARN)`,
    meaning:
      'The client certificate, for servers that require one: in PEM, the private key, the certificate, and those of the authorities above it, from one source or several. It replaces lmtp_tls_cert_file.',
    differs: 'Postfix takes several keys, one for each algorithm.',
    atDeployment: 'the deployment permits the functions to read the files and secrets that it names',
  },
  lmtp_tls_cert_file: {
    kind: 'text',
    isSource: true,
    default: '',
    pattern: new RegExp(`^(?:|${source})$`),
    wanted: sourceWanted,
    meaning: 'The client certificate with those of the authorities above it, in PEM: a file, or secretsmanager:NAME.',
    atDeployment: 'the deployment permits the functions to read the files and secrets that it names',
  },
  lmtp_tls_key_file: {
    kind: 'text',
    isSource: true,
    default: '$lmtp_tls_cert_file',
    pattern: new RegExp(`^(?:|${source})$`),
    wanted: sourceWanted,
    meaning: 'The private key of the client certificate, in PEM and not encrypted: a file, or secretsmanager:NAME.',
    atDeployment: 'the deployment permits the functions to read the files and secrets that it names',
  },
  lmtp_tls_verify_cert_match: {
    kind: 'text',
    default: 'hostname',
    ...nameRules,
    meaning:
      'Names that a certificate may have at level verify: hostname = the name of the server, nexthop = the host of the destination, dot-nexthop = its subdomains, names, `.domain`, `[address]`.',
    differs:
      'Postfix ignores addresses. Here hostname and nexthop are also compared with the addresses of the certificate.',
  },
  lmtp_tls_secure_cert_match: {
    kind: 'text',
    default: 'nexthop',
    ...nameRules,
    meaning: 'The same at level secure. Neither a CNAME nor an SRV record changes nexthop.',
  },
  lmtp_tls_fingerprint_cert_match: {
    kind: 'text',
    default: '',
    pattern: /^[0-9a-f:\s,|]*$/i,
    wanted: 'a list of fingerprints such as 3D:95:..., separated by blanks or commas',
    meaning:
      'Fingerprints of certificates, or of their public keys (SubjectPublicKeyInfo), that are accepted at level fingerprint. The issuer and the validity period do not count.',
  },
  lmtp_tls_fingerprint_digest: {
    kind: 'choice',
    default: 'sha256',
    allowed: ['sha256', 'sha384', 'sha512'],
    refused: {
      md5: 'MD5 is broken: two certificates can be made with the same fingerprint',
      sha1: 'SHA-1 is broken, like MD5',
    },
    meaning: 'The digest algorithm of fingerprints.',
  },
  lmtp_tls_protocols: {
    kind: 'protocols',
    default: '>=TLSv1.2',
    meaning: 'Versions of TLS at level may: `>=TLSv1.2`, `<=TLSv1.3`, `!TLSv1`, or a list of names.',
    differs: 'Postfix: >=TLSv1. Versions below 1.2 must not be used (RFC 8996).',
  },
  lmtp_tls_mandatory_protocols: {
    kind: 'protocols',
    default: '>=TLSv1.2',
    meaning: 'Versions of TLS at level encrypt and higher.',
    differs: 'Postfix: >=TLSv1. Versions below 1.2 must not be used (RFC 8996).',
  },
  lmtp_tls_servername: {
    kind: 'text',
    default: 'hostname',
    pattern: /^(?:|[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*)$/i,
    wanted: 'hostname, nexthop, a name, or empty',
    meaning:
      'The name sent to the server in the handshake (SNI), so that it can choose its certificate: hostname = the name of the server, nexthop = the host of the destination, or a name; empty = none. An address is never sent (RFC 6066).',
    differs: 'Postfix: empty. Then a server with several certificates may choose the wrong one.',
  },
  lmtp_tls_connection_reuse: {
    kind: 'switch',
    default: 'yes',
    meaning: 'Keep TLS sessions open between requests too, where sessions are kept.',
    differs: 'Postfix: no. It needs a separate daemon there; here it costs nothing.',
  },
  lmtp_tls_block_early_mail_reply: {
    kind: 'switch',
    default: 'no',
    meaning:
      'Defer when a reply arrives after the handshake before the command: a third party may have injected it. Needed only with `strict_postfix_verdicts=yes`: by default such a reply always ends the session.',
  },
  lmtp_log_tls_feature_status: {
    kind: 'switch',
    default: 'yes',
    meaning: 'Record the negotiated TLS in the delivery log.',
  },
} as const satisfies Record<string, Row>;
