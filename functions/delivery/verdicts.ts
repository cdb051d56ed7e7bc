/**
 * The verdicts from answers and troubles: each recipient gets a verdict, or is left over for the next host.
 */

import type { Answer } from '../lmtp/dialogue.ts';
import { type Peer, peerName, relayName, type Session } from '../session/session.ts';
import type { Reply } from '../smtp/reply.ts';
import type { AttemptInput } from './attempt-input.ts';
import { type AttemptOutcome, foldAll, noOutcome } from './attempt-outcome.ts';
import { judgeOf } from './judge.ts';
import { answerTrouble, type Circumstances, consequenceOf, type PeerWords, type Trouble } from './trouble.ts';
import type { Verdict } from './verdict.ts';

/** Moments of an attempt, milliseconds on the monotonic clock. */
export interface Times {
  /** When the session was ready; absent: no session. */
  readonly readyAt?: number;
  /** The time of the verdict. */
  readonly at: number;
}

/** Whether a trouble occurred in the opening, or after it. */
export type Phase = 'handshake' | 'transaction';

/** Returns the outcome for a recipient with an answer on a session; a leftover recipient keeps its trouble. */
export function concludeAnswer(
  input: AttemptInput,
  session: Session,
  index: number,
  answer: Answer,
  times: Times,
): AttemptOutcome<never> {
  const trouble = answerTrouble(answer, peerWords(session.peer), judgeOf(input.agent.parameters));
  if (trouble !== undefined) return concludeTrouble(input, session, index, trouble, times);
  if (answer.kind !== 'reply') throw new TypeError('only a reply can be positive');
  return { ...noOutcome, verdicts: new Map([[index, sentVerdict(input, session, answer.reply, times)]]) };
}

/** Returns the verdict on a recipient with a positive final reply. */
export function sentVerdict(input: AttemptInput, session: Session, reply: Reply, times: Times): Verdict {
  const { status, text } = reply;
  const relayed = session.capabilities.dsn ? {} : { relayed: true as const };
  return { status: 'sent', dsn: status, text, ...sessionFacts(session), ...relayed, ...delays(input, times) };
}

/** Returns the outcome for a recipient with a trouble on a session. */
export function concludeTrouble(
  input: AttemptInput,
  session: Session,
  index: number,
  trouble: Trouble,
  times: Times,
): AttemptOutcome<never> {
  return apply(input, { phase: 'transaction', trouble, facts: sessionFacts(session), times }, index);
}

/** Returns the outcome for several recipients with the same trouble. `relay`: absent without a session. */
export function concludeAll(
  input: AttemptInput,
  recipients: readonly number[],
  {
    phase,
    trouble,
    relay,
    readyAt,
  }: Pick<Met, 'phase' | 'trouble'> & { readonly relay?: string; readonly readyAt?: number },
): AttemptOutcome<never> {
  const { remoteMta } = trouble;
  const facts = { ...(relay === undefined ? {} : { relay }), ...(remoteMta === undefined ? {} : { remoteMta }) };
  const at = input.agent.clock.now().monotonic;
  const met = { phase, trouble, facts, times: readyAt === undefined ? { at } : { at, readyAt } };
  return foldAll(
    noOutcome,
    recipients.map((index) => apply(input, met, index)),
  );
}

/** Returns the seconds from the start of the delivery until the session was ready, and from then until the verdict. */
export function delays(
  { begun }: Pick<AttemptInput, 'begun'>,
  { readyAt, at }: Times,
): Pick<Verdict, 'setUp' | 'transfer'> {
  const ready = readyAt ?? at;
  return { setUp: (ready - begun.monotonic) / 1000, transfer: (at - ready) / 1000 };
}

type SessionFacts = Pick<Verdict, 'relay' | 'remoteMta' | 'connUse' | 'tls'>;

/** A trouble, and its circumstances. */
interface Met {
  readonly phase: Phase;
  readonly trouble: Trouble;
  readonly facts: SessionFacts;
  readonly times: Times;
}

function sessionFacts({ peer, use, security: { tls } }: Session): SessionFacts {
  return { relay: relayName(peer), remoteMta: peer.host, connUse: use, ...(tls === undefined ? {} : { tls }) };
}

function circumstances({ agent: { parameters }, last }: AttemptInput, phase: Phase): Circumstances {
  return {
    isLastHost: phase === 'handshake' ? last.isLastAddress : last.isLastSession,
    softBounce: parameters.soft_bounce,
    judge: judgeOf(parameters),
  };
}

function apply(input: AttemptInput, { phase, trouble, facts, times }: Met, index: number): AttemptOutcome<never> {
  const { outcome, status, blames } = consequenceOf(trouble, circumstances(input, phase));
  const isOutOfTime = trouble.isOutOfTime === true;
  if (outcome === 'leftover') return { ...noOutcome, leftover: [index], trouble, isOutOfTime };
  const doubt = trouble.inDoubt === true ? { inDoubt: true as const } : {};
  const verdict = { status: outcome, dsn: status, text: trouble.text, ...facts, ...doubt, ...delays(input, times) };
  return { ...noOutcome, verdicts: new Map([[index, verdict]]), isOutOfTime, ...(blames ? { blame: trouble } : {}) };
}

/** Returns the names of a server for messages. */
export function peerWords(peer: Peer): PeerWords {
  return { name: peerName(peer), host: peer.host };
}
