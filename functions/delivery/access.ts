/**
 * The access to a server: its TLS policy, the TLS material and the password (smtp_tls_policy.c, smtp_sasl_glue.c). It is found before a
 * session is looked up, because a cached session may be used only with the same access.
 */

import type { Login } from '../lmtp/login.ts';
import type { NextHop } from '../request/destination.ts';
import type { SecurityOption } from '../sasl/security-options.ts';
import type { Password } from '../secrets/password-maps.ts';
import { type FetchOptions, SecretFault } from '../secrets/secrets.ts';
import type { TlsOptions } from '../session/opening.ts';
import { type Peer, peerName } from '../session/session.ts';
import { judgeCertificate } from '../tls/certificate.ts';
import { tlsFacts } from '../tls/facts.ts';
import { type TlsMaterial, TlsMaterialFault } from '../tls/material.ts';
import { isMandatory, mustMatch, type TlsPolicy, tlsPolicy } from '../tls/policy.ts';
import type { Secured, TlsJudgement } from '../tls/secured.ts';
import type { Agent } from './agent.ts';
import { judgeOf } from './judge.ts';
import type { Trouble } from './trouble.ts';

/** The access to one server. */
export interface Access {
  /** Part of the session key: differs with TLS policy, TLS material, user and password. */
  readonly key: string;
  readonly policy: TlsPolicy;
  /** Absent: plain text. */
  readonly tls?: TlsOptions;
  /** Absent: there is no password for this server, or lmtp_sasl_auth_enable=no. */
  readonly login?: Login;
  readonly password?: Password;
  /** The password before it, which the server has just refused. */
  readonly formerPassword?: Password;
}

/** The access, or why there is none. `access` of a trouble: TLS alone, where only the password could not be read. */
export type AccessFound =
  | { readonly kind: 'found'; readonly access: Access }
  | { readonly kind: 'trouble'; readonly trouble: Trouble; readonly access?: Access };

/** Finds the TLS policy, the TLS material and the password for a server. */
export async function findAccess(
  hop: NextHop,
  peer: Peer,
  agent: Agent,
  options: FetchOptions = {},
): Promise<AccessFound> {
  const { parameters, materials } = agent;
  const target = { name: hop.name, host: hop.kind === 'inet' ? hop.host : hop.path };
  const found = tlsPolicy(parameters, target, peer.host);
  if (found.kind === 'unusable') return troubled({ scope: 'site', status: '4.7.5', text: found.text });
  const { policy } = found;
  let withoutPassword: Access | undefined;
  try {
    const material = policy.level === 'none' ? undefined : await materials.load(options);
    if (material !== undefined) reportNotes(material, agent);
    withoutPassword = compose({ policy, material, password: undefined, hop, peer, agent });
    const password = await findPassword(hop, peer, agent, options);
    return { kind: 'found', access: compose({ policy, material, password, hop, peer, agent }) };
  } catch (error) {
    if (error instanceof SecretFault || error instanceof TlsMaterialFault) {
      agent.onSecretFault?.(error.message);
      const text = `local data error while talking to ${peerName(peer)}: ${withoutDetails(error.message)}`;
      return troubled({ scope: 'self', status: '4.3.0', text }, withoutPassword);
    }
    throw error;
  }
}

/** Removes details: AWS's messages name accounts and roles, which belong in the log, not in a report. */
function withoutDetails(message: string): string {
  return message.replace(/(: \w+(?:Exception|Error)\b).*$/s, '$1');
}

/** Material whose notes were reported: it is the same object until something changes. */
const reported = new WeakSet<TlsMaterial>();

function reportNotes(material: TlsMaterial, { onNote }: Agent): void {
  if (!reported.has(material)) for (const note of material.notes) onNote?.(note);
  reported.add(material);
}

/** Finds the password by the server's name, then by the next-hop as written (Postfix: never by the sender in LMTP). */
async function findPassword(
  hop: NextHop,
  peer: Peer,
  { parameters, secrets }: Agent,
  options: FetchOptions,
): Promise<Password | undefined> {
  if (!parameters.lmtp_sasl_auth_enable) return undefined;
  return await parameters.lmtp_sasl_password_maps.find([peer.host, hop.name], secrets, options);
}

interface Parts {
  readonly policy: TlsPolicy;
  readonly material: TlsMaterial | undefined;
  readonly password: Password | undefined;
  readonly hop: NextHop;
  readonly peer: Peer;
  readonly agent: Agent;
}

function compose({ policy, material, password, hop, peer, agent }: Parts): Access {
  const identity =
    password === undefined ? '' : JSON.stringify([password.credentials.user, password.source, password.version]);
  return {
    key: `${policy.level === 'none' ? '' : `${policy.key} ${material?.version ?? ''}`} ${identity}`.trim(),
    policy,
    ...(material === undefined ? {} : { tls: composeTls(policy, material, hop, peer) }),
    ...(password === undefined ? {} : { password, login: composeLogin(password, peer, agent) }),
  };
}

function composeTls(policy: TlsPolicy, { ca, cert, key }: TlsMaterial, hop: NextHop, peer: Peer): TlsOptions {
  const { minVersion, maxVersion, servername, level } = policy;
  return {
    request: {
      minVersion,
      maxVersion,
      ...(servername === undefined ? {} : { servername }),
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    },
    isWrapped: policy.isWrapped,
    isRequired: isMandatory(level),
    mustMatch: mustMatch(level),
    judge: (secured) => judgeSecured(policy, secured, hop, peer),
  };
}

function judgeSecured(policy: TlsPolicy, secured: Secured, hop: NextHop, peer: Peer): TlsJudgement {
  const { certificate, chainError } = secured;
  const judgement = judgeCertificate(policy, {
    ...(certificate === undefined ? {} : { certificate }),
    ...(chainError === undefined ? {} : { chainError }),
    serverHost: peer.host,
    nextHop: hop.kind === 'inet' ? hop.host : hop.path,
  });
  const facts = tlsFacts(policy, secured, judgement, certificate);
  return judgement.reason === undefined ? { facts } : { facts, reason: judgement.reason };
}

function composeLogin({ credentials }: Password, peer: Peer, { parameters }: Agent): Login {
  const { endpoint, host } = peer;
  return {
    credentials,
    required: ({ isEncrypted, isMatched }) => new Set(requiredOptions(isEncrypted, isMatched, parameters)),
    insistsOnProof: judgeOf(parameters).insistsOnAuth,
    allows: (mechanism) =>
      parameters.lmtp_sasl_mechanism_filter.isEmpty || parameters.lmtp_sasl_mechanism_filter.matches(mechanism),
    isRequired: parameters.lmtp_sasl_auth_required && judgeOf(parameters).insistsOnAuth,
    names: { host, ownName: parameters.myhostname, ...(endpoint.kind === 'inet' ? { port: endpoint.port } : {}) },
  };
}

function requiredOptions(
  isEncrypted: boolean,
  isMatched: boolean,
  parameters: Agent['parameters'],
): readonly SecurityOption[] {
  if (!isEncrypted) return parameters.lmtp_sasl_security_options;
  return isMatched ? parameters.lmtp_sasl_tls_verified_security_options : parameters.lmtp_sasl_tls_security_options;
}

/** Returns the secrets of an access, which must never be shown, even if a server repeats them. */
export function secretsOf({ password, formerPassword }: Access): readonly string[] {
  return [password, formerPassword].flatMap((known) => (known === undefined ? [] : formsOf(known)));
}

/** Returns a secret in clear, and in its encodings on the wire. */
function formsOf({ credentials: { user, secret } }: Password): readonly string[] {
  if (secret === '') return [];
  const inPlain = Buffer.from(`\0${user}\0${secret}`).toString('base64');
  return [secret, Buffer.from(secret).toString('base64'), inPlain, ...[0, 1, 2].map((at) => withinBase64(secret, at))];
}

/** Returns the base64 characters that depend only on the secret, at an offset of octets after a multiple of three. */
function withinBase64(secret: string, offset: number): string {
  const octets = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)]);
  return octets.toString('base64').slice(Math.ceil((offset * 8) / 6), Math.floor((octets.length * 8) / 6));
}

function troubled(trouble: Trouble, access?: Access): AccessFound {
  return { kind: 'trouble', trouble, ...(access === undefined ? {} : { access }) };
}
