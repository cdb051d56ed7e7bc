/**
 * From answers and troubles to verdicts: each recipient is settled, or left over for the next host.
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
  /** When the session was ready; absent: there was none. */
  readonly readyAt?: number;
  /** When the verdict was known. */
  readonly at: number;
}

/** Whether a trouble came before the server let us in, or after. */
export type Phase = 'handshake' | 'transaction';

/** Draws the verdict on a recipient from its answer on a session; a leftover stays with its trouble. */
export function concludeAnswer(
  input: AttemptInput,
  session: Session,
  index: number,
  answer: Answer,
  times: Times,
): AttemptOutcome<never> {
  const trouble = answerTrouble(answer, peerWords(session.peer), judgeOf(input.agent.parameters));
  if (trouble !== undefined) return concludeTrouble(input, session, index, trouble, times);
  if (answer.kind !== 'reply') throw new TypeError('only a reply can be a yes');
  return { ...noOutcome, verdicts: new Map([[index, sentVerdict(input, session, answer.reply, times)]]) };
}

/** The verdict on a recipient whose final reply is a yes. */
export function sentVerdict(input: AttemptInput, session: Session, reply: Reply, times: Times): Verdict {
  const { status, text } = reply;
  const relayed = session.capabilities.dsn ? {} : { relayed: true as const };
  return { status: 'sent', dsn: status, text, ...sessionFacts(session), ...relayed, ...delays(input, times) };
}

/** Draws the verdict on a recipient from a trouble met on a session. */
export function concludeTrouble(
  input: AttemptInput,
  session: Session,
  index: number,
  trouble: Trouble,
  times: Times,
): AttemptOutcome<never> {
  return apply(input, { phase: 'transaction', trouble, facts: sessionFacts(session), times }, index);
}

/** The same trouble for several recipients. `relay`: absent where there was no session. */
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

/** Seconds from the hand-off to the agent until the session was ready, and from then until the verdict. */
export function delays(
  { begun }: Pick<AttemptInput, 'begun'>,
  { readyAt, at }: Times,
): Pick<Verdict, 'setUp' | 'transfer'> {
  const ready = readyAt ?? at;
  return { setUp: (ready - begun.monotonic) / 1000, transfer: (at - ready) / 1000 };
}

type SessionFacts = Pick<Verdict, 'relay' | 'remoteMta' | 'connUse' | 'tls'>;

/** A trouble, and the circumstances in which it was met. */
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

/** The server as messages name it. */
export function peerWords(peer: Peer): PeerWords {
  return { name: peerName(peer), host: peer.host };
}
