/**
 * One host: recipients in, verdicts and leftovers out.
 */

import { type Answer, Interrupted } from '../lmtp/dialogue.ts';
import { type TransactionOutcome, transaction } from '../lmtp/transaction.ts';
import type { ChatOptions } from '../session/chat.ts';
import type { TimeLimits } from '../session/limit.ts';
import { openSession, type Peer, peerName, relayName, type Session } from '../session/session.ts';
import { sessionKey } from '../session/session-key.ts';
import { ConnectError } from '../session/transport.ts';
import { type Agent, chatOptions } from './agent.ts';
import type { Delivery } from './delivery.ts';
import type { NextHop } from './destination.ts';
import { makeEnvelope, type Posting, unfitness } from './envelope.ts';
import { type Gate, type Message, wireContent } from './message.ts';
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
  const options = chatOptions(context.agent, context.limits);
  const cached = await context.agent.sessions.checkOut(key, options);
  if (cached !== undefined) {
    const outcome = await transact(context, cached, key, options);
    if (outcome === 'settled') return { handshaken: true };
    // The cached session was stale in a way that RSET did not show. Nothing was sent on it, so nothing is in doubt.
  }
  const fresh = await open(context);
  if (fresh === undefined) return { handshaken: false };
  await transact(context, fresh, key, options);
  return { handshaken: true };
}

/** Opens a session, or says why there is none. */
async function open(context: AttemptContext): Promise<Session | undefined> {
  const { agent, limits, peer } = context;
  const { parameters, clock, transcript } = agent;
  const discard = new Set(parameters.lmtp_discard_lhlo_keywords);
  const introduction = { name: parameters.lmtp_lhlo_name, discard };
  try {
    const opened = await openSession(peer, {
      limits,
      introduction,
      clock,
      ...(transcript === undefined ? {} : { transcript }),
    });
    if (opened.kind === 'ready') return opened.session;
    const switches = {
      skip5xxGreeting: parameters.lmtp_skip_5xx_greeting,
      strictPostfix: parameters.strict_postfix_verdicts,
    };
    applyToAll(context, 'handshake', handshakeTrouble(opened, words(peer), switches), relayName(peer));
  } catch (error) {
    if (error instanceof ConnectError) {
      const text = `connect to ${relayName(peer)}: ${error.message}`;
      const scope = error.isDeadline ? 'self' : 'stream';
      // Without a session there is no relay to show.
      applyToAll(context, 'handshake', { scope, status: '4.4.1', text }, undefined);
    } else if (error instanceof Interrupted) {
      applyToAll(context, 'handshake', interruptionTrouble(error, words(peer)), relayName(peer));
    } else {
      throw error;
    }
  }
  return undefined;
}

/** Runs the transaction on a session; `stale` = the session was a cached one that failed before it took anything. */
async function transact(
  context: AttemptContext,
  session: Session,
  key: string,
  options: ChatOptions,
): Promise<'settled' | 'stale'> {
  context.onReady();
  const fit = { peer: peerName(session.peer), isLastHost: context.last.isLastSession };
  const unfit = unfitness(posting(context), session.capabilities, fit);
  if (unfit !== undefined) {
    applyToAll(context, 'transaction', unfit, relayName(session.peer));
    context.onCompleted();
    context.agent.sessions.checkIn(key, session, options);
    return 'settled';
  }
  context.gate.prepare();
  const told = new Set<number>();
  const tell = (position: number, answer: Answer) => {
    // Final replies are facts at once; earlier answers may still be taken back by a stale session.
    if (answer.kind !== 'reply' || answer.stage !== 'dot') return;
    told.add(position);
    conclude(context, session, position, answer);
  };
  let outcome: TransactionOutcome;
  try {
    outcome = await session.chat(makeTransaction(context, session), {
      ...options,
      content: wireContent(context.message, context.gate, context.agent.parameters.lmtp_line_length_limit),
      onAnswer: tell,
    });
  } catch (error) {
    session.drop();
    throw error;
  }
  const { strict_postfix_verdicts } = context.agent.parameters;
  if (session.use > 1 && told.size === 0 && isStale(outcome) && !strict_postfix_verdicts) {
    session.drop();
    return 'stale';
  }
  for (const [position, answer] of outcome.answers.entries()) {
    if (!told.has(position)) conclude(context, session, position, answer);
  }
  release(context, session, key, options, outcome);
  return 'settled';
}

function makeTransaction(context: AttemptContext, session: Session) {
  const { parameters } = context.agent;
  const envelope = makeEnvelope(posting(context), context.recipients);
  return transaction(envelope, session.capabilities, { strictPostfix: parameters.strict_postfix_verdicts });
}

function posting({ delivery, message, agent }: AttemptContext): Posting {
  return { delivery, message, parameters: agent.parameters };
}

/** Gives the session back, says goodbye, or drops it. */
function release(
  context: AttemptContext,
  session: Session,
  key: string,
  options: ChatOptions,
  { retire, answers }: TransactionOutcome,
): void {
  if (answers.every(({ kind }) => kind !== 'interrupted')) context.onCompleted();
  if (retire === undefined) context.agent.sessions.checkIn(key, session, options);
  else if (retire === 'interrupted' || retire === 'out of step') session.drop();
  else void session.quit(options, { skipReply: true });
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

/** Draws the verdict from an answer; a leftover stays with its trouble. `position` counts the recipients tried here. */
function conclude(context: AttemptContext, session: Session, position: number, answer: Answer): void {
  const index = context.recipients[position];
  if (index === undefined) throw new RangeError(`an answer for recipient ${position}, who was not offered`);
  const { peer, use } = session;
  const trouble = answerTrouble(answer, words(peer), context.agent.parameters.strict_postfix_verdicts);
  const had = { relay: relayName(peer), remoteMta: peer.host, connUse: use };
  if (trouble === undefined && answer.kind === 'reply') {
    context.settle(index, { status: 'sent', dsn: answer.reply.status, text: answer.reply.text, ...had });
    return;
  }
  if (trouble !== undefined) apply(context, 'transaction', index, trouble, had);
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
function applyToAll(context: AttemptContext, phase: Phase, trouble: Trouble, relay: string | undefined): void {
  const had = {
    ...(relay === undefined ? {} : { relay }),
    ...(trouble.remoteMta === undefined ? {} : { remoteMta: trouble.remoteMta }),
  };
  for (const index of context.recipients) apply(context, phase, index, trouble, had);
}

function words(peer: Peer): PeerWords {
  return { name: peerName(peer), host: peer.host };
}
