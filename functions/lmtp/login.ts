/**
 * Authentication on an open connection: the mechanism, its channel binding, and the result.
 */

import { chooseMechanism, type Objection, objectionTo } from '../sasl/choice.ts';
import type { Credentials } from '../sasl/credentials.ts';
import { ChannelBindingError, SaslError } from '../sasl/errors.ts';
import type { Channel, ChannelBinding, Exchange, Mechanism } from '../sasl/mechanism.ts';
import type { SecurityOption } from '../sasl/security-options.ts';
import type { Capabilities } from '../smtp/capabilities.ts';
import type { Reply } from '../smtp/reply.ts';
import { type Authenticated, authenticate } from './authentication.ts';
import type { Dialogue, Shown } from './dialogue.ts';
import { findUnexpected, type MisplacedReply, misplaced } from './unexpected-reply.ts';

/** The credentials for a server, and the rules for their use. */
export interface Login {
  readonly credentials: Credentials;
  /** The properties that a mechanism must have on this connection (lmtp_sasl_*security_options). */
  readonly required: (channel: {
    readonly isEncrypted: boolean;
    readonly isMatched: boolean;
  }) => ReadonlySet<SecurityOption>;
  /** With mutual_auth required, a 235 without the server's proof is not trusted (DIGEST-MD5). */
  readonly insistsOnProof: boolean;
  /** Whether the filter allows a mechanism (lmtp_sasl_mechanism_filter). */
  readonly allows: (mechanism: string) => boolean;
  /** A server that does not offer AUTH gets no mail (lmtp_sasl_auth_required). */
  readonly isRequired: boolean;
  /** Server name and port for mechanisms, and the name of this host. */
  readonly names: Pick<Channel, 'host' | 'port' | 'ownName'>;
}

/** Why authentication failed, or was not possible. */
export type LoginFault =
  | { readonly kind: 'AUTH not offered' }
  /** AUTH without mechanisms, or with none that the filter allows. */
  | { readonly kind: 'no mechanism offered' }
  /** No mechanism that the security options allow and that fits the credentials; with the objection to each. */
  | { readonly kind: 'no mechanism available'; readonly objections: ReadonlyMap<string, Objection> }
  | { readonly kind: 'AUTH refused'; readonly mechanism: string; readonly reply: Reply; readonly word?: string }
  | { readonly kind: 'AUTH failed'; readonly mechanism: string; readonly reason: string };

/** How a login ends, unless it is interrupted. `mechanism` absent: AUTH is neither offered nor required. */
export type LoggedIn = { readonly kind: 'in'; readonly mechanism?: string } | LoginFault;

/** The capabilities and the TLS of the connection. */
export interface Offer {
  readonly capabilities: Capabilities;
  /** Absent: plain text. */
  readonly shown: Shown | undefined;
}

/** The connection as mechanisms see it, and the properties that a mechanism must have on it. */
interface Conditions {
  readonly channel: Channel;
  readonly required: ReadonlySet<SecurityOption>;
}

/** Returns the conditions of authentication, over TLS or in plain text. */
function conditionsOf({ names, required }: Login, shown: Shown | undefined): Conditions {
  const isEncrypted = shown !== undefined;
  const { hasClientCertificate = false, bindings = [] } = shown?.secured ?? {};
  const isMatched = shown?.judgement.facts.matched ?? false;
  return {
    channel: { ...names, isEncrypted, hasClientCertificate, bindings },
    required: required({ isEncrypted, isMatched }),
  };
}

/** Authenticates. `looksForStrays`: whether misplaced replies end it. */
export function* logIn(
  login: Login,
  { capabilities, shown }: Offer,
  looksForStrays: boolean,
): Dialogue<LoggedIn | MisplacedReply> {
  if (!capabilities.keywords.includes('AUTH')) return login.isRequired ? { kind: 'AUTH not offered' } : { kind: 'in' };
  const offered = capabilities.auth.filter(login.allows);
  if (offered.length === 0) return { kind: 'no mechanism offered' };
  const { channel, required } = conditionsOf(login, shown);
  const mechanism = chooseMechanism(offered, required, login.credentials, channel);
  if (mechanism === undefined) {
    const found = offered.map((name) => [name, objectionTo(name, required, login.credentials, channel)] as const);
    const objections = new Map(
      found.flatMap(([name, objection]) => (objection === undefined ? [] : [[name, objection]])),
    );
    return { kind: 'no mechanism available', objections };
  }
  const requireProof = login.insistsOnProof && required.has('mutual_auth');
  const attempt = { mechanism, login, channel, offered: capabilities.auth, requireProof };
  const bindings = mechanism.name.endsWith('-PLUS') ? channel.bindings : [undefined];
  let outcome: LoggedIn = { kind: 'no mechanism available', objections: new Map() };
  for (const [index, binding] of bindings.entries()) {
    const authenticated = yield* tryBinding(attempt, binding);
    const stray = looksForStrays ? yield* unexpectedIn(authenticated) : undefined;
    if (stray !== undefined) return stray;
    outcome = loginOutcome(mechanism.name, authenticated);
    if (!wantsOtherBinding(authenticated, index === 0)) break;
  }
  return outcome;
}

interface Attempt {
  readonly mechanism: Mechanism;
  readonly login: Login;
  readonly channel: Channel;
  readonly offered: readonly string[];
  readonly requireProof: boolean;
}

function* tryBinding(
  { mechanism, login, channel, offered, requireProof }: Attempt,
  binding: ChannelBinding | undefined,
): Dialogue<Authenticated> {
  let exchange: Exchange;
  try {
    const given = { offered, requireProof, ...(binding === undefined ? {} : { binding }) };
    exchange = mechanism.start(login.credentials, channel, given);
  } catch (error) {
    if (!(error instanceof SaslError)) throw error;
    return { kind: 'failed', error };
  }
  return yield* authenticate(mechanism.name, exchange);
}

/**
 * Returns a misplaced reply in an exchange, or after a refusal: if an extra line was read as the reply to AUTH, the password is not
 * refused, and the real reply follows. A goodbye after a refusal changes nothing.
 */
function* unexpectedIn(authenticated: Authenticated): Dialogue<MisplacedReply | undefined> {
  const { reply } = authenticated;
  const fault = reply === undefined ? undefined : misplaced('AUTH', reply);
  if (fault !== undefined || authenticated.kind !== 'refused') return fault;
  const behind = yield* findUnexpected('AUTH', authenticated.reply.code >= 500 ? 'round trip' : 'no');
  return behind?.kind === 'out of step' ? behind : undefined;
}

function loginOutcome(mechanism: string, authenticated: Authenticated): LoggedIn {
  switch (authenticated.kind) {
    case 'accepted':
      return { kind: 'in', mechanism };
    case 'refused': {
      const { reply, word } = authenticated;
      return { kind: 'AUTH refused', mechanism, reply, ...(word === undefined ? {} : { word }) };
    }
    case 'failed':
      return { kind: 'AUTH failed', mechanism, reason: authenticated.error.message };
    default:
      return authenticated satisfies never;
  }
}

/**
 * Whether to try another channel binding. A client cannot ask a server which one it supports (RFC 9266 section 4). Some servers check
 * the type, and refuse the first message or name the error. Others, such as Cyrus, compare the binding together with the proof, so an
 * unsupported binding looks like a wrong password. After the first such refusal one more binding is tried, but no third, because the
 * server counts each as a guess.
 */
function wantsOtherBinding(authenticated: Authenticated, isFirst: boolean): boolean {
  if (authenticated.kind === 'failed') return authenticated.error instanceof ChannelBindingError;
  if (authenticated.kind !== 'refused' || authenticated.reply.code === 421) return false;
  return authenticated.challenges === 0 || (isFirst && authenticated.reply.code >= 500);
}
