/**
 * Misplaced replies during the opening of a session. Between two commands there must be no unread reply, and a reply must have a code
 * that its command can have. Otherwise it, and all later ones, may be the replies to other commands.
 *
 * Postfix checks neither (strict_postfix_verdicts=yes): there any 2xx is accepted.
 */

import type { Reply } from '../smtp/reply.ts';
import { type Dialogue, listen, type Patience, type Stage } from './dialogue.ts';
import { isGoodbye } from './final-replies.ts';
import type { StagedReply } from './transaction-record.ts';

/** A reply that ends an opening without a decision. `stage` is the command of the reply, or the next one. */
export type MisplacedReply =
  /** The reply is misplaced. */
  | ({ readonly kind: 'out of step' } & StagedReply)
  /** The server ends the session unexpectedly. */
  | ({ readonly kind: 'goodbye' } & StagedReply);

/** Stages of an opening that end with a reply. */
export type OpeningStage = Extract<Stage, 'greeting' | 'LHLO' | 'STARTTLS' | 'AUTH'>;

/** The positive code for each command (RFC 2033, RFC 3207 section 4, RFC 4954 section 6). */
const yes: Readonly<Record<Exclude<OpeningStage, 'greeting'>, number>> = { LHLO: 250, STARTTLS: 220, AUTH: 235 };

/** Returns a reply as misplaced if its command cannot have its code. 4xx and 5xx are refusals, and in their place. */
export function misplaced(stage: OpeningStage, reply: Reply): MisplacedReply | undefined {
  const { code } = reply;
  const isRefusal = code >= 400 && code < 600;
  // Some servers greet with 250, and any other code is a refusal.
  const belongs = stage === 'greeting' ? code !== 221 : isRefusal || code === yes[stage];
  return belongs ? undefined : misplacedReply(stage, reply);
}

/** Looks for an unexpected reply; `next` is the next stage of the conversation. */
export function* findUnexpected(next: Stage, waits?: Patience): Dialogue<MisplacedReply | undefined> {
  const reply = yield* listen(next, waits);
  return reply === undefined ? undefined : misplacedReply(next, reply);
}

function misplacedReply(stage: Stage, reply: Reply): MisplacedReply {
  return { kind: isGoodbye(reply) ? 'goodbye' : 'out of step', stage, reply };
}
