/**
 * From answers and troubles to verdicts: each recipient is settled, or left over for the next host.
 */

import type { Answer } from '../lmtp/dialogue.ts';
import { type Peer, peerName, relayName, type Session } from '../session/session.ts';
import type { AttemptContext } from './attempt-context.ts';
import { answerTrouble, type Circumstances, judge, type PeerWords, type Trouble } from './trouble.ts';
import type { Verdict } from './verdict.ts';

/** Draws the verdict on a recipient from its answer; a leftover stays with its trouble. */
export function conclude(context: AttemptContext, session: Session, index: number, answer: Answer): void {
  const { peer } = session;
  const trouble = answerTrouble(answer, peerWords(peer), context.agent.parameters.strict_postfix_verdicts);
  if (trouble !== undefined) {
    concludeTrouble(context, session, index, trouble);
  } else if (answer.kind === 'reply') {
    const { status, text } = answer.reply;
    const relayed = session.capabilities.dsn ? {} : { relayed: true as const };
    context.settle(index, { status: 'sent', dsn: status, text, ...sessionFacts(session), ...relayed });
  }
}

/** Draws the verdict on a recipient from a trouble met on a session. */
export function concludeTrouble(context: AttemptContext, session: Session, index: number, trouble: Trouble): void {
  apply(context, 'transaction', index, trouble, sessionFacts(session));
}

type SessionFacts = Pick<Verdict, 'relay' | 'remoteMta' | 'connUse' | 'tls'>;

function sessionFacts({ peer, use, security: { tls } }: Session): SessionFacts {
  return { relay: relayName(peer), remoteMta: peer.host, connUse: use, ...(tls === undefined ? {} : { tls }) };
}

/** Whether a trouble came before the server let us in, or after. */
export type Phase = 'handshake' | 'transaction';

function circumstances({ agent: { parameters }, last }: AttemptContext, phase: Phase): Circumstances {
  return {
    isLastHost: phase === 'handshake' ? last.isLastAddress : last.isLastSession,
    softBounce: parameters.soft_bounce,
    strictPostfix: parameters.strict_postfix_verdicts,
  };
}

function apply(context: AttemptContext, phase: Phase, index: number, trouble: Trouble, had: SessionFacts): void {
  const { outcome, status, blames } = judge(trouble, circumstances(context, phase));
  if (trouble.isOutOfTime === true) context.outOfTime();
  if (outcome === 'leftover') {
    context.trouble(trouble);
    return;
  }
  if (blames) context.blame(trouble);
  const doubt = trouble.inDoubt === true ? { inDoubt: true as const } : {};
  context.settle(index, { status: outcome, dsn: status, text: trouble.text, ...had, ...doubt });
}

/** The same trouble for everybody. */
export function applyToAll(
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

/** The server as messages name it. */
export function peerWords(peer: Peer): PeerWords {
  return { name: peerName(peer), host: peer.host };
}
