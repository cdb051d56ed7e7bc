/**
 * The opening of a session: connection, banner, LHLO, TLS, AUTH, in this order; whatever stands in the way is told as it is.
 */

import { Interrupted, listen, type Stage } from '../lmtp/dialogue.ts';
import { isGoodbye } from '../lmtp/final-replies.ts';
import { awaitBanner, type Greeted, type Introduction, introduce } from '../lmtp/greeting.ts';
import type { StagedReply } from '../lmtp/heard.ts';
import { quit } from '../lmtp/parting.ts';
import { startTls } from '../lmtp/starttls.ts';
import type { Reply } from '../smtp/reply.ts';
import type { TlsFacts } from '../tls/facts.ts';
import { type ChatOptions, chat } from './chat.ts';
import type { Clock } from './clock.ts';
import { type LoggedIn, type Login, logIn } from './login.ts';
import { type Peer, Session } from './session.ts';
import { type Secured, TlsError, type TlsRequest } from './tls.ts';
import { connect, type Transport } from './transport.ts';

/** What is wanted of TLS. */
export interface TlsWish {
  readonly request: TlsRequest;
  /** TLS from the first octet, without STARTTLS (lmtp_tls_wrappermode). */
  readonly isWrapped: boolean;
  /** Without TLS, no session (level encrypt and above). */
  readonly isRequired: boolean;
  /** Whether a certificate that does not match ends the session (levels fingerprint, verify, secure). */
  readonly mustMatch: boolean;
  readonly judge: (secured: Secured) => TlsJudgement;
}

/** What policy thinks of a handshake. */
export interface TlsJudgement {
  /** For the log. */
  readonly facts: TlsFacts;
  /** Why the certificate does not match, where it must. */
  readonly reason?: string;
}

/** What a session is opened with. */
export interface OpenOptions {
  readonly chat: ChatOptions;
  readonly introduction: Introduction;
  readonly clock: Clock;
  /** Whether replies that no command asked for are looked for behind each step. Default: they are. */
  readonly looksForStrays?: boolean;
  /** Absent: plain text. */
  readonly tls?: TlsWish;
  /** Absent: nobody is told who we are. */
  readonly login?: Login;
  /** Told each step that is done, in its order: for whoever looks on (`check`). */
  readonly onStep?: (step: OpeningStep) => void;
}

/** A step of an opening that is done. */
export type OpeningStep =
  | { readonly step: 'connected' }
  | { readonly step: 'greeted'; readonly banner: Reply }
  | { readonly step: 'introduced'; readonly capabilities: Session['capabilities'] }
  /** The server would not have the TLS that it offered, and it goes on in plain text. */
  | { readonly step: 'TLS declined'; readonly reply: Reply }
  | ({ readonly step: 'secured'; readonly secured: Secured } & TlsJudgement);

/** Why there is no session, where the connection itself held. */
export type OpeningFault =
  /** Banner or LHLO. */
  | Extract<Greeted, { kind: 'refused' }>
  /** A reply is not where it belongs. */
  | ({ readonly kind: 'out of step' } & StagedReply)
  /** The server ends the session, unasked. */
  | ({ readonly kind: 'goodbye' } & StagedReply)
  | { readonly kind: 'TLS not offered' }
  | { readonly kind: 'TLS refused'; readonly reply: Reply }
  /** The handshake came to nothing; `reason` in the TLS library's words. */
  | { readonly kind: 'TLS failed'; readonly reason: string }
  | { readonly kind: 'certificate not accepted'; readonly reason: string }
  | Exclude<LoggedIn, { kind: 'in' }>;

/** How opening a session ends, unless the connection fails or is interrupted. */
export type Opened = { readonly kind: 'ready'; readonly session: Session } | OpeningFault;

/**
 * Opens a session.
 *
 * @throws ConnectError   when there is no connection
 * @throws Interrupted    when it ends before the session is ready
 */
export async function openSession(peer: Peer, options: OpenOptions): Promise<Opened> {
  const { chat: chatOptions, clock } = options;
  const opened = clock.now();
  const transport = await connect(peer.endpoint, chatOptions.limits, chatOptions.replyLimit);
  try {
    options.onStep?.({ step: 'connected' });
    const outcome = await open(transport, options);
    if (!('security' in outcome)) {
      // A refusal on a healthy stream ends with QUIT (smtp_proto.c).
      await chat(quit({ skipReply: true }), transport, chatOptions);
      transport.close();
      return outcome;
    }
    return { kind: 'ready', session: new Session({ ...outcome, peer, transport, clock, opened }) };
  } catch (error) {
    transport.destroy();
    if (error instanceof TlsError) return { kind: 'TLS failed', reason: error.message };
    // On TLS 1.3 a server that wants a certificate of ours says so when for us the handshake is over.
    const isLost = error instanceof Interrupted && error.reason === 'lost';
    if (isLost && transport.alert !== undefined) return { kind: 'TLS failed', reason: transport.alert };
    throw error;
  }
}

type Ready = Pick<Session, 'capabilities' | 'security'>;

async function open(transport: Transport, options: OpenOptions): Promise<Ready | OpeningFault> {
  const { introduction, tls, login, onStep } = options;
  let security: Handshaken | undefined;
  if (tls?.isWrapped === true) {
    security = await handshake(tls, transport, options);
    if (security.fault !== undefined) return security.fault;
  }
  const welcome = await chat(awaitBanner(), transport, options.chat);
  if (welcome.kind === 'refused') return welcome;
  onStep?.({ step: 'greeted', banner: welcome.banner });
  let greeted =
    (await strayFault('LHLO', transport, options)) ?? (await chat(introduce(introduction), transport, options.chat));
  if (greeted.kind !== 'ready') return greeted;
  onStep?.({ step: 'introduced', capabilities: greeted.capabilities });
  const early = await strayFault('MAIL', transport, options);
  if (early !== undefined) return early;
  if (tls !== undefined && security === undefined) {
    const consent = await askForTls(greeted.capabilities.startTls, tls, transport, options);
    if (consent === 'granted') {
      const injected = await strayFault('STARTTLS', transport, options);
      if (injected !== undefined) {
        throw new TlsError(`the server spoke before the handshake: ${injected.reply.text}`);
      }
      security = await handshake(tls, transport, options);
      if (security.fault !== undefined) return security.fault;
      // What was offered in plain text counts no longer.
      greeted = await chat(introduce(introduction), transport, options.chat);
      if (greeted.kind !== 'ready') return greeted;
      onStep?.({ step: 'introduced', capabilities: greeted.capabilities });
    } else if (consent !== 'plain text') return consent;
  }
  const { capabilities } = greeted;
  const facts = security === undefined ? {} : { tls: security.facts };
  if (login === undefined) return (await strayFault('MAIL', transport, options)) ?? { capabilities, security: facts };
  const offer = { capabilities, secured: security?.secured, isMatched: security?.facts.matched ?? false };
  const loggedIn = await logIn(login, offer, transport, options.chat);
  if (loggedIn.kind !== 'in') return loggedIn;
  const stray = await strayFault('MAIL', transport, options);
  if (stray !== undefined) return stray;
  const { mechanism } = loggedIn;
  return { capabilities, security: mechanism === undefined ? facts : { ...facts, mechanism } };
}

/** What the server said that no command asked for; `stage` is what comes next. */
async function strayFault(
  stage: Stage,
  transport: Transport,
  { looksForStrays = true, chat: chatOptions }: OpenOptions,
): Promise<Extract<OpeningFault, StagedReply> | undefined> {
  if (!looksForStrays) return undefined;
  const reply = await chat(listen(stage), transport, chatOptions);
  if (reply === undefined) return undefined;
  return { kind: isGoodbye(reply) ? 'goodbye' : 'out of step', stage, reply };
}

/** STARTTLS, where it is offered; where TLS is not required, a server that will not have it goes without. */
async function askForTls(
  isOffered: boolean,
  { isRequired }: TlsWish,
  transport: Transport,
  options: OpenOptions,
): Promise<'granted' | 'plain text' | OpeningFault> {
  if (!isOffered) return isRequired ? { kind: 'TLS not offered' } : 'plain text';
  const consent = await chat(startTls(), transport, options.chat);
  if (consent.kind === 'granted') return 'granted';
  if (isRequired) return { kind: 'TLS refused', reply: consent.reply };
  options.onStep?.({ step: 'TLS declined', reply: consent.reply });
  return 'plain text';
}

interface Handshaken {
  readonly secured: Secured;
  readonly facts: TlsFacts;
  readonly fault?: OpeningFault;
}

async function handshake(
  { request, judge, mustMatch }: TlsWish,
  transport: Transport,
  { chat: { limits }, onStep }: OpenOptions,
): Promise<Handshaken> {
  const secured = await transport.secure(request, limits.limit('STARTTLS'));
  const judgement = judge(secured);
  onStep?.({ step: 'secured', secured, ...judgement });
  const { facts, reason = 'Server certificate not verified' } = judgement;
  if (facts.matched || !mustMatch) return { secured, facts };
  return { secured, facts, fault: { kind: 'certificate not accepted', reason } };
}
