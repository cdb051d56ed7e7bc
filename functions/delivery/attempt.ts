/**
 * One host: recipients in, verdicts and leftovers out.
 */

import { type Answer, Interrupted } from '../lmtp/dialogue.ts';
import { type RetireReason, type TransactionOutcome, transaction } from '../lmtp/transaction.ts';
import type { Parameters } from '../parameters.ts';
import type { ChatOptions } from '../session/chat.ts';
import type { TimeLimits } from '../session/limit.ts';
import { openSession, type Peer, peerName, relayName, type Session } from '../session/session.ts';
import { sessionKey } from '../session/session-key.ts';
import { ConnectError } from '../session/transport.ts';
import { type Agent, chatOptions, keepsSessions } from './agent.ts';
import type { Delivery } from './delivery.ts';
import type { NextHop } from './destination.ts';
import { makeEnvelope, type Posting, unfitness } from './envelope.ts';
import { type Gate, type Message, wireContent } from './message.ts';
import { prepare, wantsOneRecipient } from './preparation.ts';
import {
  answerTrouble,
  type Circumstances,
  handshakeTrouble,
  interruptionTrouble,
  judge,
  type PeerWords,
  type Trouble,
} from './trouble.ts';
import type { Verdict } from './verdict.ts';

/** Everything that an attempt at one host needs, and whom it tells. */
export interface AttemptContext {
  readonly agent: Agent;
  readonly delivery: Delivery;
  readonly message: Message;
  readonly gate: Gate;
  readonly limits: TimeLimits;
  readonly hop: NextHop;
  readonly peer: Peer;
  /** Indexes of the delivery's recipients to try here. */
  readonly recipients: readonly number[];
  /** Whether another host is left to try: if this one does not get past its handshake, and if it does. */
  readonly last: { readonly isLastAddress: boolean; readonly isLastSession: boolean };
  /** The session is ready: what follows is the transfer. */
  onReady(): void;
  /** The server has shown that it cannot count: one recipient in each transaction. */
  readonly oneByOne: boolean;
  /** It gave fewer final replies than recipients, and fell silent. */
  onShortReplies(replies: number, recipients: number): void;
  /** A session ran its course: the destination is alive, whatever it said. */
  onCompleted(): void;
  settle(index: number, verdict: Omit<Verdict, 'setUp' | 'transfer'>): void;
  /** The trouble that leftovers are left with. */
  trouble(trouble: Trouble): void;
  blame(trouble: Trouble): void;
}

/** How an attempt at one host ended. Whoever was not settled is left over. */
export interface AttemptOutcome {
  /** The server talked to us; only such sessions count for lmtp_mx_session_limit. */
  readonly handshaken: boolean;
}

/** Tries one host: a cached session first, a fresh one where there is none or the cached one fails before content. */
export async function attempt(context: AttemptContext): Promise<AttemptOutcome> {
  const key = sessionKey(context.hop.name, context.peer);
  const options = chatOptions(context.agent, context.limits, context.peer);
  let session = await context.agent.sessions.checkOut(key, options);
  let handshaken = session !== undefined;
  let rest = context.recipients;
  while (rest.length > 0) {
    session ??= await open(context, rest);
    if (session === undefined) return { handshaken };
    handshaken = true;
    const round = await transact(context, session, options, rest);
    if (round.kind === 'stale') {
      // RSET did not show it. Nothing was sent on it, so nothing is in doubt, and nobody is charged.
      session = undefined;
      continue;
    }
    rest = round.rest;
    if (rest.length > 0 && round.retire === undefined && session.takesMore) continue;
    giveBack(context, session, key, options, round.retire);
    session = undefined;
  }
  return { handshaken };
}

/** Opens a session, or says why there is none. */
async function open(context: AttemptContext, rest: readonly number[]): Promise<Session | undefined> {
  const { agent, limits, peer } = context;
  const { parameters, clock } = agent;
  const discard = discardedKeywords(peer, parameters);
  const introduction = { name: parameters.lmtp_lhlo_name, discard };
  try {
    const opened = await openSession(peer, { chat: chatOptions(agent, limits, peer), introduction, clock });
    if (opened.kind === 'ready') return opened.session;
    const switches = {
      skip5xxGreeting: parameters.lmtp_skip_5xx_greeting,
      strictPostfix: parameters.strict_postfix_verdicts,
    };
    applyToAll(context, rest, 'handshake', handshakeTrouble(opened, words(peer), switches), relayName(peer));
  } catch (error) {
    if (error instanceof ConnectError) {
      const text = `connect to ${relayName(peer)}: ${error.message}`;
      const scope = error.isDeadline ? 'self' : 'stream';
      // Without a session there is no relay to show.
      applyToAll(context, rest, 'handshake', { scope, status: '4.4.1', text }, undefined);
    } else if (error instanceof Interrupted) {
      applyToAll(context, rest, 'handshake', interruptionTrouble(error, words(peer)), relayName(peer));
    } else {
      throw error;
    }
  }
  return undefined;
}

/** Keywords to take as not offered by this server; an entry for its address stands in the place of the general list. */
function discardedKeywords({ endpoint }: Peer, parameters: Parameters): ReadonlySet<string> {
  const byAddress =
    endpoint.kind === 'inet' ? parameters.lmtp_discard_lhlo_keyword_address_maps.find(endpoint.address) : undefined;
  const words = byAddress?.toLowerCase().split(/[\s,]+/) ?? parameters.lmtp_discard_lhlo_keywords;
  return new Set(words);
}

/** How one transaction ended. */
type Round =
  /** A cached session failed before it took anything: the same is to be tried on a fresh one. */
  | { readonly kind: 'stale' }
  /** `rest`: recipients that the server wants in a further transaction. */
  | { readonly kind: 'settled'; readonly rest: readonly number[]; readonly retire?: RetireReason };

/** Runs one transaction, with as many of the recipients as the server takes at a time. */
async function transact(
  context: AttemptContext,
  session: Session,
  options: ChatOptions,
  recipients: readonly number[],
): Promise<Round> {
  context.onReady();
  const fit = { peer: peerName(session.peer), isLastHost: context.last.isLastSession };
  const unfit = unfitness(posting(context), session.capabilities, fit);
  if (unfit !== undefined) {
    applyToAll(context, recipients, 'transaction', unfit, relayName(session.peer));
    context.onCompleted();
    return { kind: 'settled', rest: [] };
  }
  const { offered, later } = chooseRecipients(context, session, recipients);
  const told = new Set<number>();
  const { outcome, fault } = await converse(context, session, options, offered, told);
  const { strict_postfix_verdicts } = context.agent.parameters;
  if (session.use > 1 && told.size === 0 && isStale(outcome) && !strict_postfix_verdicts) {
    session.drop();
    return { kind: 'stale' };
  }
  if (isShort(outcome, told.size)) context.onShortReplies(told.size, outcome.answers.length);
  // Whoever was too many gets another turn, as long as each turn takes somebody and ends as it should.
  const goesOn = outcome.completed && outcome.retire === undefined;
  const excess: number[] = [];
  for (const [position, answer] of outcome.answers.entries()) {
    const index = offered[position];
    if (index === undefined || told.has(position)) continue;
    if (answer.kind === 'excess' && goesOn) excess.push(index);
    else if (fault !== undefined && answer.kind === 'interrupted') concludeTrouble(context, session, index, fault);
    else conclude(context, session, index, answer);
  }
  if (outcome.answers.every(({ kind }) => kind !== 'interrupted')) context.onCompleted();
  return {
    kind: 'settled',
    rest: [...excess, ...later],
    ...(outcome.retire === undefined ? {} : { retire: outcome.retire }),
  };
}

/**
 * Who goes into one transaction: as many as the server takes, and no two addresses that differ in case alone. Some servers
 * take those for one and the same, and answer them once: everybody behind would get somebody else's reply.
 */
function chooseRecipients(
  context: AttemptContext,
  session: Session,
  recipients: readonly number[],
): { readonly offered: readonly number[]; readonly later: readonly number[] } {
  const limit = transactionLimit(context, session);
  const seen = new Set<string>();
  const offered: number[] = [];
  const later: number[] = [];
  for (const index of recipients) {
    const address = context.delivery.recipients[index]?.address.toLowerCase() ?? '';
    if (offered.length >= limit || seen.has(address)) later.push(index);
    else offered.push(index);
    seen.add(address);
  }
  return { offered, later };
}

/** Recipients of one transaction: what the server announced, or one where it has shown that it cannot count. */
function transactionLimit({ oneByOne, agent }: AttemptContext, { capabilities }: Session): number {
  return oneByOne || wantsOneRecipient(agent.parameters) ? 1 : (capabilities.limits.rcpt ?? Number.POSITIVE_INFINITY);
}

/** The conversation itself. Final replies are facts at once; earlier answers may still be taken back by a stale session. */
async function converse(
  context: AttemptContext,
  session: Session,
  options: ChatOptions,
  recipients: readonly number[],
  told: Set<number>,
): Promise<{ readonly outcome: TransactionOutcome; readonly fault?: Trouble }> {
  const { parameters } = context.agent;
  const { strict_postfix_verdicts: strictPostfix } = parameters;
  const preparation = prepare(posting(context), session.capabilities, recipients);
  const envelope = makeEnvelope(posting(context), recipients, preparation);
  session.countTransaction();
  context.gate.prepare();
  const content = wireContent(context.message, context.gate, preparation);
  try {
    const outcome = await session.chat(transaction(envelope, session.capabilities, { strictPostfix }), {
      ...options,
      content,
      onAnswer: (position, answer) => {
        const index = recipients[position];
        if (index === undefined || answer.kind !== 'reply' || answer.stage !== 'dot') return;
        told.add(position);
        conclude(context, session, index, answer);
      },
    });
    const { unfit } = content;
    return unfit === undefined ? { outcome } : { outcome, fault: { scope: 'message', ...unfit } };
  } catch (error) {
    session.drop();
    throw error;
  }
}

/** The server gave some final replies, fewer than recipients, and then waited for us: it has lost count. */
function isShort({ answers }: TransactionOutcome, told: number): boolean {
  return (
    told > 0 &&
    answers.some((answer) => answer.kind === 'interrupted' && answer.stage === 'dot' && answer.reason === 'timeout')
  );
}

function posting({ delivery, message, agent }: AttemptContext): Posting {
  return { delivery, message, parameters: agent.parameters };
}

/** Parks the session for the next request, says goodbye, or drops it. */
function giveBack(
  { agent, hop }: AttemptContext,
  session: Session,
  key: string,
  options: ChatOptions,
  retire: RetireReason | undefined,
): void {
  if (retire === 'interrupted' || retire === 'out of step') session.drop();
  else if (retire === undefined && keepsSessions(agent, hop.kind === 'inet' ? hop.host : hop.path)) {
    agent.sessions.checkIn(key, session, options);
  } else void session.quit(options, { skipReply: agent.parameters.lmtp_skip_quit_response });
}

/** A cached session that failed before any content was sent: the same may be tried on a fresh one, at no charge. */
function isStale({ answers }: TransactionOutcome): boolean {
  return answers.every(isBeforeContent) && answers.some(isSessionFault);
}

function isBeforeContent({ kind, ...answer }: Answer): boolean {
  return kind === 'excess' || !('stage' in answer) || (answer.stage !== 'content' && answer.stage !== 'dot');
}

function isSessionFault(answer: Answer): boolean {
  if (answer.kind === 'interrupted') return answer.reason === 'lost';
  return answer.reply.code === 421 || (answer.kind === 'reply' && answer.stage === 'MAIL' && answer.reply.code === 503);
}

/** Draws the verdict on a recipient from its answer; a leftover stays with its trouble. */
function conclude(context: AttemptContext, session: Session, index: number, answer: Answer): void {
  const { peer } = session;
  const trouble = answerTrouble(answer, words(peer), context.agent.parameters.strict_postfix_verdicts);
  if (trouble !== undefined) {
    concludeTrouble(context, session, index, trouble);
  } else if (answer.kind === 'reply') {
    const { status, text } = answer.reply;
    const relayed = session.capabilities.dsn ? {} : { relayed: true as const };
    context.settle(index, { status: 'sent', dsn: status, text, ...sessionFacts(session), ...relayed });
  }
}

function concludeTrouble(context: AttemptContext, session: Session, index: number, trouble: Trouble): void {
  apply(context, 'transaction', index, trouble, sessionFacts(session));
}

function sessionFacts({ peer, use }: Session): Required<Pick<Verdict, 'relay' | 'remoteMta' | 'connUse'>> {
  return { relay: relayName(peer), remoteMta: peer.host, connUse: use };
}

type Phase = 'handshake' | 'transaction';

function circumstances({ agent: { parameters }, last }: AttemptContext, phase: Phase): Circumstances {
  return {
    isLastHost: phase === 'handshake' ? last.isLastAddress : last.isLastSession,
    softBounce: parameters.soft_bounce,
    strictPostfix: parameters.strict_postfix_verdicts,
  };
}

function apply(
  context: AttemptContext,
  phase: Phase,
  index: number,
  trouble: Trouble,
  had: Pick<Verdict, 'relay' | 'remoteMta' | 'connUse'>,
): void {
  const { outcome, status, blames } = judge(trouble, circumstances(context, phase));
  if (outcome === 'leftover') {
    context.trouble(trouble);
    return;
  }
  if (blames) context.blame(trouble);
  const doubt = trouble.inDoubt === true ? { inDoubt: true as const } : {};
  context.settle(index, { status: outcome, dsn: status, text: trouble.text, ...had, ...doubt });
}

/** The same trouble for everybody. */
function applyToAll(
  context: AttemptContext,
  recipients: readonly number[],
  phase: Phase,
  trouble: Trouble,
  relay: string | undefined,
): void {
  const had = {
    ...(relay === undefined ? {} : { relay }),
    ...(trouble.remoteMta === undefined ? {} : { remoteMta: trouble.remoteMta }),
  };
  for (const index of recipients) apply(context, phase, index, trouble, had);
}

function words(peer: Peer): PeerWords {
  return { name: peerName(peer), host: peer.host };
}
