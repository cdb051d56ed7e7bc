/**
 * The opening of a session: greeting, LHLO, STARTTLS, LHLO, AUTH, in this order (RFC 2033 section 4.1, RFC 3207, RFC 4954).
 * A fault is a value; policy decides what it means.
 *
 * After each of these, and between the 220 to STARTTLS and the handshake, there must be no unread octets. There is no fallback to
 * HELO in LMTP.
 */

import { type Capabilities, parseCapabilities } from '../smtp/capabilities.ts';
import { isPositive, type Reply } from '../smtp/reply.ts';
import type { TlsFacts } from '../tls/facts.ts';
import { type Dialogue, type Handshake, opened, receive, type Shown, type Stage, secure, send } from './dialogue.ts';
import { isGoodbye } from './final-replies.ts';
import { type Login, type LoginFault, logIn } from './login.ts';
import { findUnexpected, type MisplacedReply, misplaced } from './unexpected-reply.ts';

/** The terms of an opening. */
export interface OpeningTerms {
  readonly introduction: Introduction;
  /**
   * Whether misplaced replies end the opening: unexpected ones, and those with a code that their command cannot have. Postfix ignores
   * them (`false`). Default: true.
   */
  readonly looksForStrays?: boolean;
  /** Absent: plain text. */
  readonly tls?: TlsTerms;
  /** Absent: no authentication. */
  readonly login?: Login;
}

/** How the client introduces itself. */
export interface Introduction {
  /** Argument of LHLO (lmtp_lhlo_name). */
  readonly name: string;
  /** Keywords to ignore, lower case (lmtp_discard_lhlo_keywords). */
  readonly discard?: ReadonlySet<string>;
}

/** The requirements on TLS. */
export interface TlsTerms {
  /** TLS from the first octet, without STARTTLS (lmtp_tls_wrappermode). */
  readonly isWrapped: boolean;
  /** Without TLS, no session (level encrypt and above). */
  readonly isRequired: boolean;
  /** Whether a certificate that does not match ends the session (levels fingerprint, verify, secure). */
  readonly mustMatch: boolean;
}

/** The security of a session. */
export interface Security {
  /** The negotiated TLS; absent: plain text. */
  readonly tls?: TlsFacts;
  /** The mechanism of AUTH; absent: no AUTH. */
  readonly mechanism?: string;
}

/** Why there is no session although the connection held. */
export type OpeningFault =
  /** The server refuses the session, at its greeting or at LHLO. */
  | { readonly kind: 'refused'; readonly stage: Stage; readonly reply: Reply }
  | MisplacedReply
  | { readonly kind: 'TLS not offered' }
  | { readonly kind: 'TLS refused'; readonly reply: Reply }
  /** The handshake failed, and the connection cannot be used. */
  | Extract<Handshake, { kind: 'TLS failed' }>
  | { readonly kind: 'certificate not accepted'; readonly reason: string }
  | LoginFault;

/** How an opening ends, unless it is interrupted. */
export type OpeningOutcome =
  | { readonly kind: 'ready'; readonly capabilities: Capabilities; readonly security: Security }
  | OpeningFault;

/** Opens a session on a connection; throws {@link Interrupted}. */
export function* opening(terms: OpeningTerms): Dialogue<OpeningOutcome> {
  yield* opened({ part: 'connected' });
  const welcomed = yield* awaitGreeting(terms);
  if (welcomed.kind !== 'known') return welcomed;
  const introduced = yield* introduce(terms, welcomed.shown);
  if (introduced.kind !== 'introduced') return introduced;
  const { capabilities, shown } = introduced;
  yield* opened({ part: 'introduced', capabilities });
  const tls = shown === undefined ? {} : { tls: shown.judgement.facts };
  if (terms.login === undefined) return { kind: 'ready', capabilities, security: tls };
  const loggedIn = yield* logIn(terms.login, { capabilities, shown }, looks(terms));
  if (loggedIn.kind !== 'in') return loggedIn;
  const { mechanism } = loggedIn;
  if (mechanism === undefined) return { kind: 'ready', capabilities, security: tls };
  const stray = yield* unexpectedBefore(terms, 'MAIL');
  return stray ?? { kind: 'ready', capabilities, security: { ...tls, mechanism } };
}

/** The TLS so far; `undefined`: none, or none yet. */
interface Known {
  readonly kind: 'known';
  readonly shown: Shown | undefined;
}

/** Makes the handshake if TLS comes first, and waits for the greeting. */
function* awaitGreeting(terms: OpeningTerms): Dialogue<Known | OpeningFault> {
  const wrapped = terms.tls?.isWrapped === true ? yield* makeHandshake(terms.tls) : undefined;
  if (wrapped !== undefined && wrapped.kind !== 'secured') return wrapped;
  const banner = yield* receive('greeting');
  const fault = faultOf(terms, 'greeting', banner);
  if (fault !== undefined) return fault;
  if (!isPositive(banner)) return { kind: 'refused', stage: 'greeting', reply: banner };
  yield* opened({ part: 'greeted', banner });
  return (yield* unexpectedBefore(terms, 'LHLO')) ?? { kind: 'known', shown: wrapped };
}

/** The capabilities of the server. */
interface Introduced {
  readonly kind: 'introduced';
  readonly capabilities: Capabilities;
  readonly shown: Shown | undefined;
}

/** Sends LHLO, and STARTTLS if TLS is enabled and offered. `wrapped`: the session is encrypted already. */
function* introduce(terms: OpeningTerms, wrapped: Shown | undefined): Dialogue<Introduced | OpeningFault> {
  const { tls } = terms;
  const first = yield* sayLhlo(terms, wrapped, tls !== undefined && wrapped === undefined);
  if (first.kind !== 'introduced' || wrapped !== undefined) return first;
  const isOffered = first.capabilities.startTls;
  if (tls === undefined || !isOffered) {
    if (tls?.isRequired === true) return { kind: 'TLS not offered' };
    yield* opened({ part: 'plain text', isOffered });
    return first;
  }
  const secured = yield* askForTls(terms, tls);
  if (secured.kind !== 'known') return secured;
  // The offer in plain text is no longer valid (RFC 3207 section 4.2).
  return secured.shown === undefined ? first : yield* sayLhlo(terms, secured.shown, false);
}

/** Sends LHLO. `mayStartTls`: STARTTLS comes next, if the server offers it. */
function* sayLhlo(
  terms: OpeningTerms,
  shown: Shown | undefined,
  mayStartTls: boolean,
): Dialogue<Introduced | OpeningFault> {
  const { name, discard } = terms.introduction;
  yield* send(`LHLO ${name}`);
  const reply = yield* receive('LHLO');
  const fault = faultOf(terms, 'LHLO', reply);
  if (fault !== undefined) return fault;
  if (!isPositive(reply)) return { kind: 'refused', stage: 'LHLO', reply };
  const capabilities = parseCapabilities(reply, discard);
  const next = mayStartTls && capabilities.startTls ? 'STARTTLS' : afterTls(terms);
  return (yield* unexpectedBefore(terms, next)) ?? { kind: 'introduced', capabilities, shown };
}

/** Sends STARTTLS and makes the handshake. If TLS is optional and the server refuses it, the session stays in plain text. */
function* askForTls(terms: OpeningTerms, tls: TlsTerms): Dialogue<Known | OpeningFault> {
  yield* send('STARTTLS');
  const reply = yield* receive('STARTTLS');
  const fault = faultOf(terms, 'STARTTLS', reply);
  if (fault !== undefined) return fault;
  if (isPositive(reply)) {
    const injected = yield* unexpectedBefore(terms, 'STARTTLS');
    if (injected !== undefined) return injected;
    const handshake = yield* makeHandshake(tls);
    return handshake.kind === 'secured' ? { kind: 'known', shown: handshake } : handshake;
  }
  if (tls.isRequired) return { kind: 'TLS refused', reply };
  if (looks(terms) && isGoodbye(reply)) return { kind: 'goodbye', stage: 'STARTTLS', reply };
  yield* opened({ part: 'plain text', isOffered: true, refusal: reply });
  return (yield* unexpectedBefore(terms, afterTls(terms))) ?? { kind: 'known', shown: undefined };
}

function* makeHandshake({ mustMatch }: TlsTerms): Dialogue<Shown | OpeningFault> {
  const handshake = yield* secure();
  if (handshake.kind === 'TLS failed') return handshake;
  yield* opened({ part: 'secured', shown: handshake });
  const { facts, reason = 'Server certificate not verified' } = handshake.judgement;
  return facts.matched || !mustMatch ? handshake : { kind: 'certificate not accepted', reason };
}

/** Returns the stage after TLS. */
function afterTls({ login }: OpeningTerms): Stage {
  return login === undefined ? 'MAIL' : 'AUTH';
}

function looks({ looksForStrays = true }: OpeningTerms): boolean {
  return looksForStrays;
}

function faultOf(
  terms: OpeningTerms,
  stage: 'greeting' | 'LHLO' | 'STARTTLS',
  reply: Reply,
): MisplacedReply | undefined {
  return looks(terms) ? misplaced(stage, reply) : undefined;
}

function* unexpectedBefore(terms: OpeningTerms, next: Stage): Dialogue<MisplacedReply | undefined> {
  return looks(terms) ? yield* findUnexpected(next) : undefined;
}
