/**
 * The opening of a session: greeting, LHLO, STARTTLS, LHLO, AUTH, in this order (RFC 2033 section 4.1, RFC 3207, RFC 4954).
 * Whatever stands in the way is a value; policy decides what that means.
 *
 * After each of these, and between the 220 to STARTTLS and the handshake, nothing unread may be there. There is no retreat to
 * HELO: this is LMTP.
 */

import { type Capabilities, parseCapabilities } from '../smtp/capabilities.ts';
import { isPositive, type Reply } from '../smtp/reply.ts';
import type { TlsFacts } from '../tls/facts.ts';
import { type Dialogue, type Handshake, opened, receive, type Shown, type Stage, secure, send } from './dialogue.ts';
import { isGoodbye } from './final-replies.ts';
import { type Login, type LoginFault, logIn } from './login.ts';
import { type Astray, hearStray, misplaced } from './stray.ts';

/** What an opening is made with. */
export interface OpeningTerms {
  readonly introduction: Introduction;
  /**
   * Whether replies out of place end the opening: those that no command asked for, and those with a code that their command
   * cannot have. `false` is what Postfix does. Default: they do.
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
  /** Keywords to take as not offered, lower case (lmtp_discard_lhlo_keywords). */
  readonly discard?: ReadonlySet<string>;
}

/** What TLS must be like. */
export interface TlsTerms {
  /** TLS from the first octet, without STARTTLS (lmtp_tls_wrappermode). */
  readonly isWrapped: boolean;
  /** Without TLS, no session (level encrypt and above). */
  readonly isRequired: boolean;
  /** Whether a certificate that does not match ends the session (levels fingerprint, verify, secure). */
  readonly mustMatch: boolean;
}

/** How a session is secured. */
export interface Security {
  /** What was negotiated; absent: plain text. */
  readonly tls?: TlsFacts;
  /** Mechanism of the authentication; absent: none. */
  readonly mechanism?: string;
}

/** Why there is no session, although the connection held. */
export type OpeningFault =
  /** The server does not want to talk to us: at its greeting, or at LHLO. */
  | { readonly kind: 'refused'; readonly stage: Stage; readonly reply: Reply }
  | Astray
  | { readonly kind: 'TLS not offered' }
  | { readonly kind: 'TLS refused'; readonly reply: Reply }
  /** The handshake failed: the connection is good for nothing. */
  | Extract<Handshake, { kind: 'TLS failed' }>
  | { readonly kind: 'certificate not accepted'; readonly reason: string }
  | LoginFault;

/** How an opening ends, unless it is interrupted. */
export type OpeningOutcome =
  | { readonly kind: 'ready'; readonly capabilities: Capabilities; readonly security: Security }
  | OpeningFault;

/** Opens a session on a connection; lets {@link Interrupted} through. */
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
  const stray = yield* strayBefore(terms, 'MAIL');
  return stray ?? { kind: 'ready', capabilities, security: { ...tls, mechanism } };
}

/** What is known of the encryption; absent: there is none, or none yet. */
interface Known {
  readonly kind: 'known';
  readonly shown: Shown | undefined;
}

/** The handshake where TLS comes first, and the greeting: nothing is said before it has come. */
function* awaitGreeting(terms: OpeningTerms): Dialogue<Known | OpeningFault> {
  const wrapped = terms.tls?.isWrapped === true ? yield* makeHandshake(terms.tls) : undefined;
  if (wrapped !== undefined && wrapped.kind !== 'secured') return wrapped;
  const banner = yield* receive('greeting');
  const fault = faultOf(terms, 'greeting', banner);
  if (fault !== undefined) return fault;
  if (!isPositive(banner)) return { kind: 'refused', stage: 'greeting', reply: banner };
  yield* opened({ part: 'greeted', banner });
  return (yield* strayBefore(terms, 'LHLO')) ?? { kind: 'known', shown: wrapped };
}

/** What the server offers. */
interface Introduced {
  readonly kind: 'introduced';
  readonly capabilities: Capabilities;
  readonly shown: Shown | undefined;
}

/** LHLO and, where TLS is wanted and offered, STARTTLS. `wrapped`: the session is encrypted already. */
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
  // What was offered in plain text counts no longer (RFC 3207 section 4.2).
  return secured.shown === undefined ? first : yield* sayLhlo(terms, secured.shown, false);
}

/** LHLO. `mayStartTls`: STARTTLS comes next, where the server offers it. */
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
  const next = mayStartTls && capabilities.startTls ? 'STARTTLS' : behindTls(terms);
  return (yield* strayBefore(terms, next)) ?? { kind: 'introduced', capabilities, shown };
}

/** STARTTLS and the handshake; where TLS is not required, a server that refuses it keeps its session in plain text. */
function* askForTls(terms: OpeningTerms, tls: TlsTerms): Dialogue<Known | OpeningFault> {
  yield* send('STARTTLS');
  const reply = yield* receive('STARTTLS');
  const fault = faultOf(terms, 'STARTTLS', reply);
  if (fault !== undefined) return fault;
  if (isPositive(reply)) {
    const injected = yield* strayBefore(terms, 'STARTTLS');
    if (injected !== undefined) return injected;
    const handshake = yield* makeHandshake(tls);
    return handshake.kind === 'secured' ? { kind: 'known', shown: handshake } : handshake;
  }
  if (tls.isRequired) return { kind: 'TLS refused', reply };
  if (looks(terms) && isGoodbye(reply)) return { kind: 'goodbye', stage: 'STARTTLS', reply };
  yield* opened({ part: 'plain text', isOffered: true, refusal: reply });
  return (yield* strayBefore(terms, behindTls(terms))) ?? { kind: 'known', shown: undefined };
}

function* makeHandshake({ mustMatch }: TlsTerms): Dialogue<Shown | OpeningFault> {
  const handshake = yield* secure();
  if (handshake.kind === 'TLS failed') return handshake;
  yield* opened({ part: 'secured', shown: handshake });
  const { facts, reason = 'Server certificate not verified' } = handshake.judgement;
  return facts.matched || !mustMatch ? handshake : { kind: 'certificate not accepted', reason };
}

/** What comes next once it is known whether the session is encrypted. */
function behindTls({ login }: OpeningTerms): Stage {
  return login === undefined ? 'MAIL' : 'AUTH';
}

function looks({ looksForStrays = true }: OpeningTerms): boolean {
  return looksForStrays;
}

function faultOf(terms: OpeningTerms, stage: 'greeting' | 'LHLO' | 'STARTTLS', reply: Reply): Astray | undefined {
  return looks(terms) ? misplaced(stage, reply) : undefined;
}

function* strayBefore(terms: OpeningTerms, next: Stage): Dialogue<Astray | undefined> {
  return looks(terms) ? yield* hearStray(next) : undefined;
}
