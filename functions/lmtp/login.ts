/**
 * Authentication on an open connection: which mechanism, to what it is bound, and whether the server lets us in.
 */

import { chooseMechanism, type Objection, objectionTo } from '../sasl/choice.ts';
import {
  type Channel,
  type ChannelBinding,
  ChannelBindingError,
  type Credentials,
  type Exchange,
  type Mechanism,
  SaslError,
} from '../sasl/mechanism.ts';
import type { SecurityOption } from '../sasl/security-options.ts';
import type { Capabilities } from '../smtp/capabilities.ts';
import type { Reply } from '../smtp/reply.ts';
import { type Authenticated, authenticate } from './authentication.ts';
import type { Dialogue, Shown } from './dialogue.ts';
import { type Astray, hearStray, misplaced } from './stray.ts';

/** Who we are to a server, and by which means we may say so. */
export interface Login {
  readonly credentials: Credentials;
  /** What a mechanism must be proof against on this connection (lmtp_sasl_*security_options). */
  readonly required: (channel: {
    readonly isEncrypted: boolean;
    readonly isMatched: boolean;
  }) => ReadonlySet<SecurityOption>;
  /** Where mutual_auth is required, a server that says yes without having proved itself is not believed (DIGEST-MD5). */
  readonly insistsOnProof: boolean;
  /** Whether a mechanism may be used at all (lmtp_sasl_mechanism_filter). */
  readonly allows: (mechanism: string) => boolean;
  /** A server that does not offer AUTH gets no mail (lmtp_sasl_auth_required). */
  readonly isRequired: boolean;
  /** Server name and port as mechanisms want them, and our own name. */
  readonly names: Pick<Channel, 'host' | 'port' | 'ownName'>;
}

/** Why the server did not let us in, or could not be asked. */
export type LoginFault =
  | { readonly kind: 'AUTH not offered' }
  /** AUTH with no words behind it, or with none that the filter allows. */
  | { readonly kind: 'no mechanism offered' }
  /** No mechanism that the security options allow and that fits the credentials; with the objection to each. */
  | { readonly kind: 'no mechanism available'; readonly objections: ReadonlyMap<string, Objection> }
  | { readonly kind: 'AUTH refused'; readonly mechanism: string; readonly reply: Reply; readonly word?: string }
  | { readonly kind: 'AUTH failed'; readonly mechanism: string; readonly reason: string };

/** How logging in ends, unless it is interrupted. `mechanism` absent: AUTH is neither offered nor required. */
export type LoggedIn = { readonly kind: 'in'; readonly mechanism?: string } | LoginFault;

/** What is known of the connection. */
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

/** Returns the conditions of authentication over TLS or, where nothing was shown, in plain text. */
function conditionsOf({ names, required }: Login, shown: Shown | undefined): Conditions {
  const isEncrypted = shown !== undefined;
  const { hasClientCertificate = false, bindings = [] } = shown?.secured ?? {};
  const isMatched = shown?.judgement.facts.matched ?? false;
  return {
    channel: { ...names, isEncrypted, hasClientCertificate, bindings },
    required: required({ isEncrypted, isMatched }),
  };
}

/** Authenticates. `looksForStrays`: whether replies out of place end it. */
export function* logIn(
  login: Login,
  { capabilities, shown }: Offer,
  looksForStrays: boolean,
): Dialogue<LoggedIn | Astray> {
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
    const stray = looksForStrays ? yield* strayIn(authenticated) : undefined;
    if (stray !== undefined) return stray;
    outcome = conclude(mechanism.name, authenticated);
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
 * Returns the reply out of place that an exchange met, or that came behind a refusal: where a line too many was read as the
 * reply to AUTH, the password is not refused, and the reply to AUTH follows. A goodbye behind a refusal changes nothing.
 */
function* strayIn(authenticated: Authenticated): Dialogue<Astray | undefined> {
  const { reply } = authenticated;
  const fault = reply === undefined ? undefined : misplaced('AUTH', reply);
  if (fault !== undefined || authenticated.kind !== 'refused') return fault;
  const behind = yield* hearStray('AUTH', authenticated.reply.code >= 500 ? 'round trip' : 'no');
  return behind?.kind === 'out of step' ? behind : undefined;
}

function conclude(mechanism: string, authenticated: Authenticated): LoggedIn {
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
 * There is no way to ask a server which channel binding it knows (RFC 9266 section 4). One that looks at the type says no to
 * the very first message, before anything was proved, or says what it dislikes. Others, Cyrus among them, compare what was
 * bound together with the proof, and then a binding that they do not know looks like a wrong password: after the first
 * refusal of that kind one more binding is tried, and no third, since over there each counts as somebody's guess.
 */
function wantsOtherBinding(authenticated: Authenticated, isFirst: boolean): boolean {
  if (authenticated.kind === 'failed') return authenticated.error instanceof ChannelBindingError;
  if (authenticated.kind !== 'refused' || authenticated.reply.code === 421) return false;
  return authenticated.challenges === 0 || (isFirst && authenticated.reply.code >= 500);
}
