/**
 * From what was found amiss to what to do next: a table. Every finding has its sentence, and no sentence holds anything
 * secret.
 */

import type { NextHop } from '../request/destination.ts';
import { listenerLines } from './listener-lines.ts';

/** What a sentence may refer to. */
export interface About {
  readonly hop: NextHop;
  /** Where the check runs: what is true there need not be true elsewhere. */
  readonly place: Place;
  /** The host that is meant, where it is not that of the hop: behind SRV records, or below a CNAME. */
  readonly host?: string;
  /** Fingerprints of the certificate that was shown, and what they were made with. */
  readonly certificate?: {
    readonly fingerprint: string;
    readonly publicKeyFingerprint: string;
    readonly digest: string;
    readonly names: readonly string[];
  };
  /** Whose password, from where. */
  readonly password?: { readonly user: string; readonly source: string; readonly version: string };
  /** Which of the parameters lmtp_sasl_*security_options counted. */
  readonly optionsParameter?: string;
  /** Whether the conversation was under TLS. */
  readonly isEncrypted?: boolean;
  /** Whether the server offers STARTTLS. */
  readonly offersTls?: boolean;
}

/** On a person's machine, or in a function of the stack. */
export type Place = 'command' | 'function';

const table = {
  'name unknown': ({ place, ...about }) =>
    `No name server knows ${hostOf(about)}: see whether it is written right. ${privateZone(place)}`,
  'no address': ({ place, ...about }) =>
    `The name ${hostOf(about)} exists, but has no A or AAAA record (MX records do not count for LMTP): add one, or name the host that has. ${privateZone(place)}`,
  'known to the system alone': (about) =>
    `The name servers do not know ${hostOf(about)}, but this system does, perhaps by its hosts file: lmtp_host_lookup=native asks it. ${privateZone(about.place)}`,
  'name servers silent': ({ place }) =>
    place === 'function'
      ? 'No name server gave an answer. A VPC needs enableDnsSupport=true, and forwarding rules of Route 53 Resolver, if there are any, must lead to name servers that answer.'
      : 'No name server gave an answer: see whether those of this machine can be reached (/etc/resolv.conf).',
  'no service records': (about) =>
    `There are no SRV records of that name. Name the port by its number (${hostOf(about)}:24), or allow what else is found: allow_srv_lookup_fallback=yes.`,
  'service not offered': () =>
    'The domain says by its SRV record that it does not have this service: ask whoever keeps its zone, or name another host.',
  'local addresses': (about) =>
    `The name ${hostOf(about)} leads to the machine or the link of the agent itself, where no mail store is meant to be. If one is: allow_local_destinations=yes.`,
  'no address family': () => 'No protocol of those that the address wants is allowed: inet_protocols=all.',
  refused: ({ hop }) =>
    hop.kind === 'unix'
      ? 'The socket is there, but nobody listens at it: start the mail store.'
      : `The machine is there, but nothing listens at this port of it, or only on another of its addresses. Let the mail store listen:\n${listenerLines(hop.port)}`,
  filtered: ({ hop, place }) =>
    `Nobody answers at all: something on the way drops the packets. The security group of the mail store must let TCP ${portOf(hop)} in from the security group of the functions${place === 'command' ? ' (and, for this check, from this machine)' : ''}; then network ACLs in both directions, and the firewall of its host.${place === 'command' ? ` ${insideVpc}` : ''}`,
  unreachable: ({ place }) =>
    `There is no way to this address${place === 'function' ? ': the function must be in the VPC, and its subnets need a route (peering, transit gateway)' : ' from this machine'}. Where it is an IPv6 address and there is no IPv6: inet_protocols=ipv4.`,
  'socket missing': () =>
    'There is no such socket: see whether the mail store runs, and where it makes its socket (Dovecot: unix_listener of service lmtp; Cyrus: listen= in cyrus.conf).',
  'socket forbidden': () =>
    'This user may not use the socket: see its owner and mode (Dovecot: user, group and mode of the unix_listener).',
  'no connection': () => 'The system says why: see it, and the log of the server at this moment.',
  'out of time': () =>
    'The time of the function ran out, perhaps over addresses that came before; nothing is known of this one. Ask again, or for this address alone.',
  'closed at once': ({ hop }) =>
    `The connection was taken and dropped without a word. A load balancer or proxy without a healthy server behind it does so, a server that has reached its limit of processes or clients, and one that lets only certain addresses in. If port ${portOf(hop)} wants TLS from the first octet on: lmtp_tls_wrappermode=yes.`,
  'no greeting': () =>
    'The server says nothing. If it waits for TLS from the first octet on: lmtp_tls_wrappermode=yes with lmtp_tls_security_level=encrypt or higher. Else it may be at its limit of processes, or wait for the name of our address (reverse DNS).',
  'another protocol': ({ hop }) =>
    `Port ${portOf(hop)} speaks another protocol: name the port of the LMTP listener. If there is none yet:\n${listenerLines(24)}`,
  'SMTP server': ({ hop }) =>
    `This is an SMTP server, and LMTP has a listener of its own: name the port of that one instead of ${portOf(hop)}. If there is none yet:\n${listenerLines(24)}`,
  'not let in': () =>
    'The server does not want us for now, in its own words: see its log, its limits of clients, and whom it lets in.',
  'not let in for good': () =>
    'The server does not want us, in its own words: see whom it lets in (allow lists, proxies, trusted networks).',
  'out of step': () => 'The connection broke, or the server sent what is no reply: see its log at this moment.',
  'too slow': () => 'The server did not answer in time: see its log and its load at this moment.',
  'TLS policy unusable': () =>
    'The entry of lmtp_tls_policy_maps, or the parameters it goes with, cannot be used, and mail waits until they can: put right what is named.',
  'TLS material unusable': () =>
    'A certificate or key of ours cannot be read or used, and mail waits until it can: see the parameter that is named and, if it is a secret, its name and the permission to read it.',
  'TLS not offered': ({ hop }) =>
    `The policy demands TLS. Switch it on at the server (Dovecot: ssl=yes and a certificate; Cyrus: tls_server_cert and tls_server_key), or see whether something in between takes it away; where the way is safe without: lmtp_tls_policy_maps=inline:{ {${hop.name} = may} }.`,
  'TLS refused': () =>
    'The server offers TLS and then will not have it: nearly always its certificate or key cannot be read. See its log.',
  'plain text server': () =>
    'The server speaks plain text where TLS was begun: lmtp_tls_wrappermode=no (STARTTLS), or name the port for TLS from the first octet on.',
  'no common version': () =>
    'The server and we have no version of TLS or no cipher in common: bring the server up to TLS 1.2 or 1.3; lmtp_tls_mandatory_protocols says what we take.',
  'client certificate wanted': () =>
    'The server wants a certificate from us, or does not trust ours: lmtp_tls_chain_files names one with its key, and the server must know its authority.',
  'handshake failed': () =>
    'See the log of the server for its side of this handshake. A server that says no more than "handshake failure" has no cipher in common with us, or wants a certificate from us (lmtp_tls_chain_files).',
  'no certificate': () => 'The server shows no certificate: give it one.',
  'certificate expired': ({ certificate }) =>
    `Renew the certificate of the server, and have the server read it anew. ${pin(certificate, 'Until then')}`,
  'certificate not yet valid': () => 'See the clock of the machine that made the certificate, and that of the server.',
  'certificate ends soon': () =>
    'Renew the certificate of the server before that day, and have the server read it anew: mail waits from then on.',
  'unknown authority': ({ certificate }) =>
    `Nobody whom we trust stands behind this certificate. If it is of an authority of your own: lmtp_tls_CAfile=secretsmanager:NAME (or a file) with that authority's certificate; if the server leaves out one between, add it there. ${pin(certificate)}`,
  'self-signed': ({ certificate }) =>
    `A certificate that the server signed itself proves nothing by its name. ${pin(certificate)} Or trust it: lmtp_tls_CAfile=secretsmanager:NAME (or a file) with this very certificate.`,
  'wrong name': ({ hop, certificate }) =>
    `See whether this is the server that is meant. If it is, say by which name it goes: lmtp_tls_policy_maps=inline:{ {${hop.name} = secure match=${ruleFor(certificate)}} }, or reach it by that name, or add ${hop.kind === 'inet' ? hop.host : 'the name'} to the certificate.`,
  'fingerprint not listed': ({ certificate }) =>
    `The server has another certificate than the one that is pinned. If it was renewed on purpose, add it: lmtp_tls_fingerprint_cert_match=${certificate?.fingerprint ?? 'FINGERPRINT'} (or match= in lmtp_tls_policy_maps). The fingerprint of its public key stays the same when it is renewed with the same key: ${certificate?.publicKeyFingerprint ?? 'FINGERPRINT'}.`,
  'certificate not accepted': () => 'Put right what the TLS library has against the chain of certificates.',
  'spoke before its turn': () =>
    'Something was said under TLS before it was asked for (lmtp_tls_block_early_mail_reply): somebody may have put it there.',
  'secret unreadable': () =>
    'See the name of the secret, its form (sasl_passwd as text, or JSON), and whether the role of the function may read it (secretsmanager:GetSecretValue, kms:Decrypt).',
  'no pending version': () =>
    'No version of the secret carries AWSPENDING, or it cannot be read: a rotation puts one there first. Without --pending the password in use is tried.',
  'no password': (about) =>
    `There is no entry for this server in lmtp_sasl_password_maps, so mail goes without AUTH. Looked up are its host, then the next-hop: ${[...new Set([hostOf(about), about.hop.name])].join(', ')}.`,
  'AUTH not offered': ({ isEncrypted, offersTls }) =>
    isEncrypted !== true && offersTls === true
      ? 'Many servers offer AUTH only under TLS, and this one has STARTTLS: lmtp_tls_security_level=encrypt or higher.'
      : 'There is a password for this server. Switch AUTH on there (Cyrus: lmtpd without -a, and sasl_mech_list; Dovecot has no AUTH for LMTP), or, if it wants none, take its entry out of lmtp_sasl_password_maps. lmtp_sasl_auth_required=no sends without.',
  'no mechanism offered': () =>
    'The server offers AUTH, but no mechanism that lmtp_sasl_mechanism_filter lets through: see that parameter, and the mechanisms of the server.',
  'plaintext refused': ({ isEncrypted }) =>
    isEncrypted === true
      ? 'The server has only mechanisms that show it the password. Over TLS that is usual: lmtp_sasl_tls_security_options=noanonymous. Or let the server offer SCRAM-SHA-256.'
      : 'The server has only mechanisms that show the password to whoever listens. Use TLS: lmtp_tls_security_level=encrypt (better verify) with lmtp_sasl_tls_security_options=noanonymous. Or let the server offer SCRAM-SHA-256.',
  'options too strict': ({ optionsParameter = 'lmtp_sasl_security_options' }) =>
    `No mechanism of the server has all that ${optionsParameter} asks for: let the server offer SCRAM-SHA-256 (over TLS its -PLUS form), or ask for less.`,
  'credentials fit none': () =>
    'What we have is not for any mechanism of the server: a password is for SCRAM, DIGEST-MD5, CRAM-MD5, PLAIN and LOGIN, a token for OAUTHBEARER and XOAUTH2, and EXTERNAL wants a client certificate and no password.',
  'credentials refused': ({ password, place }) =>
    `The server does not take this password, or does not let this user deliver (Cyrus: lmtp_admins): compare it with what ${password?.source ?? 'the map'} holds.${isSecret(password) ? ` While a rotation is under way, ${place === 'command' ? '--pending' : 'pending=true'} tries the new one. A new version of the secret is used at once.` : ''}`,
  'encryption wanted': () => 'The server takes AUTH only under TLS: lmtp_tls_security_level=encrypt or higher.',
  'AUTH deferred': () =>
    'The server cannot say yes or no for now: see its log, and whatever it asks about passwords (saslauthd, LDAP, SQL).',
  'exchange failed': () =>
    'The server did not prove that it knows the password, or what it asked could not be answered: see whether it is the server that is meant, and whether something in between changes what is said.',
  'sender refused': () => 'The server does not take this sender: try another by --sender, and see its log.',
  'AUTH wanted': () =>
    'The server wants AUTH first: lmtp_sasl_auth_enable=yes and an entry for it in lmtp_sasl_password_maps.',
  'recipient unknown': () =>
    'There is no such mailbox as the server has it: see whether it takes whole addresses or local parts (Dovecot: auth_username_format; Cyrus: virtdomains, defaultdomain).',
  'recipient refused': () => 'The server says why; mail to this recipient would bounce.',
  'recipient deferred': () => 'The server says why; mail to this recipient would wait and be tried again.',
  'not in UTF-8': () => 'The address is not ASCII, and the server does not offer SMTPUTF8: use one that is.',
} satisfies Record<string, (about: About) => string>;

/** Something that is amiss, by its short name. */
export type Finding = keyof typeof table;

/** Every finding. */
export const findings = Object.keys(table) as readonly Finding[];

/** What to do about it. The first line is a sentence or two; lines of configuration may follow. */
export function advise(finding: Finding, about: About): string {
  return table[finding](about);
}

const insideVpc = 'lambda-lmtp check --function NAME asks from inside the VPC.';

function privateZone(place: Place): string {
  return place === 'function'
    ? 'If it is in a private hosted zone, that zone must be associated with the VPC of the function.'
    : `If it is in a private zone, this machine cannot know it: ${insideVpc}`;
}

function hostOf({ hop, host }: Pick<About, 'hop' | 'host'>): string {
  return host ?? (hop.kind === 'inet' ? hop.host : hop.path);
}

function portOf(hop: NextHop): string {
  return hop.kind === 'inet' ? String(hop.port) : 'of this socket';
}

function pin(certificate: About['certificate'], when = 'Where no authority is wanted'): string {
  if (certificate === undefined) return '';
  return `${when}, pin it: lmtp_tls_security_level=fingerprint with lmtp_tls_fingerprint_cert_match=${certificate.fingerprint}.`;
}

/** A rule that accepts one of the names of a certificate; what stands there may be anything. */
function ruleFor(certificate: About['certificate']): string {
  const name = certificate?.names.find((name) => /^(?:\*\.)?[a-z0-9_.-]+$/i.test(name)) ?? 'NAME';
  return name.replace(/^\*/, '');
}

function isSecret(password: About['password']): boolean {
  return password?.source.startsWith('secretsmanager:') === true;
}
