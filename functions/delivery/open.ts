/**
 * Opens a new session with one host as the policy requires, or returns the trouble.
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
import { type IncidentClass, type IncidentNote, interruptionClass, openingClass } from './incidents.ts';
import { judgeOf } from './judge.ts';
import { type OpeningSwitches, openingTrouble, rememberedRefusal } from './opening-trouble.ts';
import { interruptionTrouble, type Trouble } from './trouble.ts';
import { concludeAll, peerWords } from './verdicts.ts';

/** An open session or none, with its counts and incidents. */
export type Opening =
  | {
      readonly kind: 'session';
      readonly session: Session;
      /** A new access, if the password had just been changed. */
      readonly access: Access;
      readonly outcome: AttemptOutcome<IncidentNote>;
    }
  /** The outcome has all recipients. */
  | { readonly kind: 'no session'; readonly outcome: AttemptOutcome<IncidentNote> };

/** Opens a session, or returns the outcome for all recipients. */
export async function open(input: AttemptInput, access: Access, recipients: readonly number[]): Promise<Opening> {
  const { agent, peer } = input;
  const refusal = access.password && agent.refusedCredentials.find(relayName(peer), access.password);
  if (refusal !== undefined) {
    const trouble = rememberedRefusal(refusal, peerWords(peer), openingSwitches(agent.parameters));
    return noSession(input, recipients, { trouble, counts: ['AuthFailures'] });
  }
  const tried = await openWithRetries(input, access);
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

/** The trouble with an opening. */
interface NoSession {
  readonly trouble: Trouble;
  /** Absent: it does not concern the postmaster. */
  readonly note?: IncidentClass | undefined;
  /** Absent: there was no connection. */
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

/** The result of an opening, with its retry if any. */
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
  // A failure of optional TLS does not blame the destination.
  const isMild = fault.kind === 'TLS failed' && access.tls?.isRequired === false;
  return { trouble: isMild ? { ...trouble, scope: 'message' } : trouble, note: openingClass(fault), relay };
}

/** Opens a session, and retries once if that can help: without optional TLS, with a changed password, or after replies out of step. */
async function openWithRetries(input: AttemptInput, access: Access): Promise<Tried> {
  const first = await openOnce(input, access);
  const before = { counts: [], isRenewed: false };
  if (first.kind === 'ready') return { kind: 'ready', session: first.session, access, ...before };
  if (first.kind === 'TLS failed' && mayGoWithoutTls(input, access)) {
    const plain = withoutTls(access);
    return triedFrom(await openOnce(input, plain), plain, { counts: faultCounts(first), isRenewed: false });
  }
  if (first.kind === 'out of step' && input.mayRenew) {
    const second = await openOnce(input, access);
    return triedFrom(second, access, { counts: faultCounts(first), isRenewed: true });
  }
  if (first.kind === 'AUTH refused' && first.reply.code >= 500 && access.password !== undefined) {
    return await afterRefusal(input, access, access.password, first);
  }
  return { kind: 'failed', fault: first, ...before };
}

function triedFrom(
  opened: Opened | Fault,
  access: Access,
  before: { readonly counts: readonly MetricName[]; readonly isRenewed: boolean },
): Tried {
  if (opened.kind === 'ready') {
    return { kind: 'ready', session: opened.session, access, ...before };
  }
  return { kind: 'failed', fault: opened, ...before };
}

/** Retries with a password that was changed since it was read; otherwise the refusal counts and is remembered. */
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
    return triedFrom(second, renewed, before);
  }
  agent.refusedCredentials.note(relayName(peer), password, refused.reply);
  return { kind: 'failed', fault: refused, ...before };
}

async function openOnce(input: AttemptInput, access: Access): Promise<Opened | Fault> {
  return await faultAsValue(openSession(input.peer, openOptions(input, access, attemptOptions(input, access))));
}

/**
 * Whether to retry without TLS: at level may, after a failed handshake, for mail older than minimal_backoff_time. Not if there is a
 * password for the server, which would be sent in plain text too (smtp_proto.c:smtp_start_tls).
 */
function mayGoWithoutTls({ agent, age }: AttemptInput, { tls, login }: Access): boolean {
  return tls?.isRequired === false && login === undefined && age >= agent.parameters.minimal_backoff_time;
}

function withoutTls({ tls, ...access }: Access): Access {
  return tls === undefined ? access : { ...access, key: `${access.key} plain` };
}

const day = 24 * 60 * 60_000;

/** Returns the counts of an open session: one session, and the days left of its certificate. */
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

/** Returns the counts of a fault; none if the time of the function ran out. */
function faultCounts(fault: Fault): readonly MetricName[] {
  if (fault.kind === 'interrupted') return fault.error.reason === 'deadline' ? [] : ['ConnectFailures'];
  if (fault.kind === 'no connection') return fault.error.isDeadline ? [] : ['ConnectFailures'];
  return [faultMetrics[fault.kind]];
}

/** Returns the trouble with octets that arrive before MAIL, which a third party may have injected (lmtp_tls_block_early_mail_reply). */
export function earlyReply(
  session: Session,
  { agent, peer }: Pick<AttemptInput, 'agent' | 'peer'>,
): Trouble | undefined {
  const isWatched = agent.parameters.lmtp_tls_block_early_mail_reply && session.security.tls !== undefined;
  if (!isWatched || !session.hasUnread) return undefined;
  return { scope: 'site', status: '4.7.0', text: `host ${peerWords(peer).name} spoke before MAIL was sent` };
}

/** Returns the options of every conversation of an attempt. */
export function attemptOptions({ agent, limits, peer, dialogue }: AttemptInput, access: Access): ChatOptions {
  const { transcript, ...options } = chatOptions(agent, limits, peer);
  const recorded = dialogue.listen(transcript);
  return { ...options, secrets: secretsOf(access), ...(recorded === undefined ? {} : { transcript: recorded }) };
}

/** Returns the parameters that decide what a failed opening means. */
export function openingSwitches(parameters: Parameters): OpeningSwitches {
  return {
    skip5xxGreeting: parameters.lmtp_skip_5xx_greeting,
    authSoftBounce: parameters.lmtp_sasl_auth_soft_bounce,
    judge: judgeOf(parameters),
  };
}

/** Returns the options for opening a session with a server. */
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

/** Returns the keywords to ignore for this server; an entry for its address replaces the general list. */
function discardedKeywords({ endpoint }: Peer, parameters: Parameters): ReadonlySet<string> {
  const byAddress =
    endpoint.kind === 'inet' ? parameters.lmtp_discard_lhlo_keyword_address_maps.find(endpoint.address) : undefined;
  const words = byAddress?.toLowerCase().split(/[\s,]+/) ?? parameters.lmtp_discard_lhlo_keywords;
  return new Set(words);
}
