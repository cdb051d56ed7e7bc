/**
 * Parameters of Postfix that are not about LMTP, by pattern of their names, with the reason why they have no counterpart
 * (no-counterpart.json), and what to do about those that change what happens to mail.
 */

import { refusalOf } from '../parameters/why-not.ts';
import groups from './no-counterpart.json' with { type: 'json' };

const patterns = groups.map(({ names, reason }) => ({
  pattern: new RegExp(`^(?:${names.map(asPattern).join('|')})$`),
  reason,
}));

/** A name that ends in `_` stands for all that begin with it. */
function asPattern(name: string): string {
  return name.endsWith('_') ? `${name}\\w*` : name;
}

/** Why a parameter has no counterpart; `undefined` for a name that no pattern has. */
export function noCounterpart(name: string): string | undefined {
  return refusalOf(name) ?? patterns.find(({ pattern }) => pattern.test(name))?.reason;
}

/**
 * What to do about a parameter that cannot be set and without which mail is delivered in another way; `undefined` for all others.
 */
export function whatToDo(name: string): string | undefined {
  return Object.hasOwn(remedies, name) ? remedies[name] : undefined;
}

const checks = 'Let the producer check and change header fields before it submits the mail.';
const rate = 'Set a low lmtp_destination_concurrency_limit.';
const bind =
  'The firewall of the mail store must admit the addresses of the NAT gateway, or the security group of the functions.';
const chain = 'Use lmtp_tls_chain_files, with the key and the certificate of any algorithm.';
const level = 'Set lmtp_tls_security_level, or lmtp_tls_policy_maps for each next-hop.';

const remedies: Readonly<Record<string, string>> = {
  lmtp_body_checks: checks,
  lmtp_header_checks: checks,
  lmtp_mime_header_checks: checks,
  lmtp_nested_header_checks: checks,
  lmtp_generic_maps: 'Let the producer rewrite the addresses before it submits the mail.',
  lmtp_bind_address: bind,
  lmtp_bind_address6: bind,
  lmtp_tls_CApath: 'Put the certificates of the authorities into one file, and use lmtp_tls_CAfile.',
  lmtp_tls_trust_anchor_file: 'Use lmtp_tls_CAfile with lmtp_tls_security_level=secure.',
  lmtp_tls_dcert_file: chain,
  lmtp_tls_dkey_file: chain,
  lmtp_tls_eccert_file: chain,
  lmtp_tls_eckey_file: chain,
  lmtp_use_tls: level,
  lmtp_enforce_tls: level,
  lmtp_tls_enforce_peername: level,
  lmtp_tls_per_site: level,
  lmtp_dns_reply_filter: 'Filter the answers in the resolver of the VPC.',
  lmtp_destination_rate_delay: rate,
  lmtp_transport_rate_delay: rate,
  default_destination_rate_delay: rate,
  default_transport_rate_delay: rate,
  defer_transports: 'After the deployment, hold the destination: lambda-lmtp hold --destination NEXT-HOP',
  sender_dependent_default_transport_maps:
    'The transport map knows recipients only. Submit such mail to a stack of its own.',
  mailbox_transport_maps: 'Write the addresses into the transport map, one line each.',
  fallback_transport_maps: 'Write the addresses into the transport map, one line each.',
};
