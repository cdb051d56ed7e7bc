/**
 * A fresh session with one host: opened the way that policy wants it, or the trouble that stood in the way.
 */

import { Interrupted } from '../lmtp/dialogue.ts';
import type { OpeningFault } from '../lmtp/opening.ts';
import type { MetricName } from '../metrics/catalogue.ts';
import type { Parameters } from '../parameters/parameters.ts';
import type { ChatOptions } from '../session/chat.ts';
import { type Opened, type OpenOptions, openSession } from '../session/opening.ts';
import { type Peer, relayName, type Session } from '../session/session.ts';
import { ConnectError } from '../session/transport.ts';
import { type Access, findAccess, secretsOf } from './access.ts';
import { chatOptions } from './agent.ts';
import type { AttemptInput } from './attempt-input.ts';
import { type AttemptOutcome, type Count, noOutcome } from './attempt-outcome.ts';
import { concludeAll, peerWords } from './conclude.ts';
import { type IncidentClass, type IncidentNote, interruptionClass, openingClass } from './incidents.ts';
import { judgeOf } from './judge.ts';
import { type OpeningSwitches, openingTrouble, rememberedRefusal } from './opening-trouble.ts';
import { interruptionTrouble, type Trouble } from './trouble.ts';

/** A session that was opened, or none; what it counted and what is to be told in either case. */
export type Opening =
  | {
      readonly kind: 'session';
      readonly session: Session;
      /** Another than at first, where the password had just been changed. */
      readonly access: Access;
      readonly outcome: AttemptOutcome<IncidentNote>;
    }
  /** The outcome concludes for all recipients. */
  | { readonly kind: 'no session'; readonly outcome: AttemptOutcome<IncidentNote> };

/** Opens a session; or concludes for all recipients why there is none. */
export async function open(input: AttemptInput, access: Access, recipients: readonly number[]): Promise<Opening> {
  const { agent, peer } = input;
  const refusal = access.password && agent.refusedCredentials.find(relayName(peer), access.password);
  if (refusal !== undefined) {
    const trouble = rememberedRefusal(refusal, peerWords(peer), openingSwitches(agent.parameters));
    return noSession(input, recipients, { trouble, counts: ['AuthFailures'] });
  }
  const tried = await openAsBestWeCan(input, access);
  if (tried.kind === 'ready') return checkEarlyReply(input, tried, recipients);
  return noSession(input, recipients, {
    ...describe(input, access, tried),
    counts: [...tried.counts, ...faultCounts(tried.fault)],
    isRenewed: tried.isRenewed,
  });
}

function checkEarlyReply(
  input: AttemptInput,
  tried: Extract<Tried, { kind: 'ready' }>,
  recipients: readonly number[],
): Opening {
  const { session, access, counts, isRenewed } = tried;
  const opened = [...counts.map((name): Count => ({ name })), ...openedCounts(session, input)];
  const early = earlyReply(session, input);
  if (early === undefined) {
    return { kind: 'session', session, access, outcome: { ...noOutcome, counts: opened, isRenewed } };
  }
  session.drop();
  const { outcome } = noSession(input, recipients, {
    trouble: early,
    note: 'protocol',
    relay: relayName(input.peer),
    counts: [],
  });
  return { kind: 'no session', outcome: { ...outcome, counts: opened, isRenewed } };
}

/** What stood in the way, as it is concluded from. */
interface NoSession {
  readonly trouble: Trouble;
  /** Absent: it is none of the postmaster's business. */
  readonly note?: IncidentClass | undefined;
  /** Absent: there was no server to show. */
  readonly relay?: string;
  readonly counts: readonly MetricName[];
  readonly isRenewed?: boolean;
}

function noSession(
  input: AttemptInput,
  recipients: readonly number[],
  { trouble, note, relay, counts, isRenewed = false }: NoSession,
): Extract<Opening, { kind: 'no session' }> {
  const outcome = {
    ...concludeAll(input, recipients, { phase: 'handshake', trouble, ...(relay === undefined ? {} : { relay }) }),
    counts: counts.map((name): Count => ({ name })),
    incidents: note === undefined ? [] : [{ class: note, subject: trouble.text }],
    isRenewed,
  };
  return { kind: 'no session', outcome };
}

/** There is no connection, or it was interrupted. */
export type ConnectionFault =
  | { readonly kind: 'no connection'; readonly error: ConnectError }
  | { readonly kind: 'interrupted'; readonly error: Interrupted };

/** Why there is no session. */
export type Fault = OpeningFault | ConnectionFault;

/** Returns what an attempt to open came to; a fault of the connection is a value too. */
export async function faultAsValue<T>(attempt: Promise<T>): Promise<T | ConnectionFault> {
  try {
    return await attempt;
  } catch (error) {
    if (error instanceof ConnectError) return { kind: 'no connection', error };
    if (error instanceof Interrupted) return { kind: 'interrupted', error };
    throw error;
  }
}

/** Returns the trouble behind a fault. */
export function faultTrouble(fault: Fault, peer: Peer, parameters: Parameters): Trouble {
  if (fault.kind === 'interrupted') return interruptionTrouble(fault.error, peerWords(peer));
  if (fault.kind !== 'no connection') return openingTrouble(fault, peerWords(peer), openingSwitches(parameters));
  const { isDeadline, message } = fault.error;
  const trouble = { status: '4.4.1', text: `connect to ${relayName(peer)}: ${message}` } as const;
  return isDeadline ? { ...trouble, scope: 'self', isOutOfTime: true } : { ...trouble, scope: 'stream' };
}

/** How an opening went, once more where that could help. */
type Tried =
  | {
      readonly kind: 'ready';
      readonly session: Session;
      readonly access: Access;
      readonly counts: readonly MetricName[];
      readonly isRenewed: boolean;
    }
  | {
      readonly kind: 'failed';
      readonly fault: Fault;
      readonly counts: readonly MetricName[];
      readonly isRenewed: boolean;
    };

function describe(
  { agent, peer }: AttemptInput,
  access: Access,
  { fault }: Extract<Tried, { kind: 'failed' }>,
): Omit<NoSession, 'counts'> {
  const trouble = faultTrouble(fault, peer, agent.parameters);
  // Without a connection there is no relay to show.
  if (fault.kind === 'no connection') return { trouble };
  const relay = relayName(peer);
  if (fault.kind === 'interrupted') return { trouble, note: interruptionClass(fault.error.reason), relay };
  // Where TLS is no duty, its failure is no fault of the destination's.
  const isMild = fault.kind === 'TLS failed' && access.tls?.isRequired === false;
  return { trouble: isMild ? { ...trouble, scope: 'message' } : trouble, note: openingClass(fault), relay };
}

/** Once more where that can help: without TLS that is no duty, with a password that was changed meanwhile, or in step. */
async function openAsBestWeCan(input: AttemptInput, access: Access): Promise<Tried> {
  const first = await openOnce(input, access);
  const before = { counts: [], isRenewed: false };
  if (first.kind === 'ready') return { kind: 'ready', session: first.session, access, ...before };
  if (first.kind === 'TLS failed' && mayGoWithoutTls(input, access)) {
    const plain = withoutTls(access);
    return triedWith(await openOnce(input, plain), plain, { counts: faultCounts(first), isRenewed: false });
  }
  if (first.kind === 'out of step' && input.mayRenew) {
    const second = await openOnce(input, access);
    return triedWith(second, access, { counts: faultCounts(first), isRenewed: true });
  }
  if (first.kind === 'AUTH refused' && first.reply.code >= 500 && access.password !== undefined) {
    return await afterRefusal(input, access, access.password, first);
  }
  return { kind: 'failed', fault: first, ...before };
}

function triedWith(
  opened: Opened | Fault,
  access: Access,
  before: { readonly counts: readonly MetricName[]; readonly isRenewed: boolean },
): Tried {
  if (opened.kind === 'ready') {
    return { kind: 'ready', session: opened.session, access, ...before };
  }
  return { kind: 'failed', fault: opened, ...before };
}

/** A refusal counts only if the password was not changed since it was read; what counts is remembered. */
async function afterRefusal(
  input: AttemptInput,
  access: Access,
  password: NonNullable<Access['password']>,
  refused: Extract<OpeningFault, { kind: 'AUTH refused' }>,
): Promise<Tried> {
  const { agent, hop, peer } = input;
  const before = { counts: [], isRenewed: false };
  const fresh = await findAccess(hop, peer, agent, { fresh: true });
  if (fresh.kind === 'found' && fresh.access.password !== undefined && fresh.access.key !== access.key) {
    const renewed = { ...fresh.access, formerPassword: password };
    const second = await openOnce(input, renewed);
    if (second.kind === 'AUTH refused' && second.reply.code >= 500) {
      agent.refusedCredentials.note(relayName(peer), fresh.access.password, second.reply);
    }
    return triedWith(second, renewed, before);
  }
  agent.refusedCredentials.note(relayName(peer), password, refused.reply);
  return { kind: 'failed', fault: refused, ...before };
}

async function openOnce(input: AttemptInput, access: Access): Promise<Opened | Fault> {
  return await faultAsValue(openSession(input.peer, openOptions(input, access, attemptOptions(input, access))));
}

/**
 * At level may, mail that has waited a while goes in plain text where the handshake fails, unless there is a password for
 * the server: that would go in plain text too (smtp_proto.c:smtp_start_tls).
 */
function mayGoWithoutTls({ agent, age }: AttemptInput, { tls, login }: Access): boolean {
  return tls?.isRequired === false && login === undefined && age >= agent.parameters.minimal_backoff_time;
}

function withoutTls({ tls, ...access }: Access): Access {
  return tls === undefined ? access : { ...access, key: `${access.key} plain` };
}

const day = 24 * 60 * 60_000;

/** A session that was opened counts, and the days that its certificate has left. */
function openedCounts({ security: { tls } }: Session, { agent }: AttemptInput): readonly Count[] {
  const opened: Count = { name: 'SessionsOpened' };
  if (tls?.certificate_ends === undefined) return [opened];
  const value = Math.floor((Date.parse(tls.certificate_ends) - agent.clock.now().wall) / day);
  return [opened, { name: 'CertificateDays', value }];
}

const faultMetrics: Readonly<Record<OpeningFault['kind'], MetricName>> = {
  refused: 'ConnectFailures',
  'out of step': 'OutOfStep',
  goodbye: 'ConnectFailures',
  'TLS not offered': 'TlsFailures',
  'TLS refused': 'TlsFailures',
  'TLS failed': 'TlsFailures',
  'certificate not accepted': 'TlsFailures',
  'AUTH not offered': 'AuthFailures',
  'no mechanism offered': 'AuthFailures',
  'no mechanism available': 'AuthFailures',
  'AUTH failed': 'AuthFailures',
  'AUTH refused': 'AuthFailures',
};

/** What stood in the way counts, unless it was our own time. */
function faultCounts(fault: Fault): readonly MetricName[] {
  if (fault.kind === 'interrupted') return fault.error.reason === 'deadline' ? [] : ['ConnectFailures'];
  if (fault.kind === 'no connection') return fault.error.isDeadline ? [] : ['ConnectFailures'];
  return [faultMetrics[fault.kind]];
}

/** What arrives before it was asked for may come from a third party in between (lmtp_tls_block_early_mail_reply). */
export function earlyReply(
  session: Session,
  { agent, peer }: Pick<AttemptInput, 'agent' | 'peer'>,
): Trouble | undefined {
  const isWatched = agent.parameters.lmtp_tls_block_early_mail_reply && session.security.tls !== undefined;
  if (!isWatched || !session.hasUnread) return undefined;
  return { scope: 'site', status: '4.7.0', text: `host ${peerWords(peer).name} spoke before MAIL was sent` };
}

/** What every conversation of an attempt has. */
export function attemptOptions({ agent, limits, peer, dialogue }: AttemptInput, access: Access): ChatOptions {
  const { transcript, ...options } = chatOptions(agent, limits, peer);
  const heard = dialogue.listen(transcript);
  return { ...options, secrets: secretsOf(access), ...(heard === undefined ? {} : { transcript: heard }) };
}

/** The parameters that the meaning of a failed opening depends on. */
export function openingSwitches(parameters: Parameters): OpeningSwitches {
  return {
    skip5xxGreeting: parameters.lmtp_skip_5xx_greeting,
    authSoftBounce: parameters.lmtp_sasl_auth_soft_bounce,
    judge: judgeOf(parameters),
  };
}

/** What a session with a server is opened with. */
export function openOptions(
  { agent: { parameters, clock }, peer }: Pick<AttemptInput, 'agent' | 'peer'>,
  { tls, login }: Pick<Access, 'tls' | 'login'>,
  chat: ChatOptions,
): OpenOptions {
  return {
    chat,
    clock,
    introduction: { name: parameters.lmtp_lhlo_name, discard: discardedKeywords(peer, parameters) },
    looksForStrays: judgeOf(parameters).looksForStrays,
    ...(tls === undefined ? {} : { tls }),
    ...(login === undefined ? {} : { login }),
  };
}

/** Keywords to take as not offered by this server; an entry for its address stands in the place of the general list. */
function discardedKeywords({ endpoint }: Peer, parameters: Parameters): ReadonlySet<string> {
  const byAddress =
    endpoint.kind === 'inet' ? parameters.lmtp_discard_lhlo_keyword_address_maps.find(endpoint.address) : undefined;
  const words = byAddress?.toLowerCase().split(/[\s,]+/) ?? parameters.lmtp_discard_lhlo_keywords;
  return new Set(words);
}
