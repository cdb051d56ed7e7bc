/**
 * Replies out of place while a session is opened. Between two commands nothing unread may be there, and a reply must have a
 * code that its command can have: else it may be the answer to another command, and so may all that follow.
 *
 * Postfix looks at neither (strict_postfix_verdicts=yes): there any 2xx is a yes.
 */

import type { Reply } from '../smtp/reply.ts';
import { type Dialogue, listen, type Patience, type Stage } from './dialogue.ts';
import { isGoodbye } from './final-replies.ts';
import type { StagedReply } from './heard.ts';

/** Why an opening ends with a reply that settles nothing. `stage` is what the reply was read for, or what came next. */
export type Astray =
  /** The reply is not where it belongs. */
  | ({ readonly kind: 'out of step' } & StagedReply)
  /** The server ends the session, unasked. */
  | ({ readonly kind: 'goodbye' } & StagedReply);

/** Stages of an opening that end with a reply. */
export type OpeningStage = Extract<Stage, 'greeting' | 'LHLO' | 'STARTTLS' | 'AUTH'>;

/** The code with which a server says yes (RFC 2033, RFC 3207 section 4, RFC 4954 section 6). */
const yes: Readonly<Record<Exclude<OpeningStage, 'greeting'>, number>> = { LHLO: 250, STARTTLS: 220, AUTH: 235 };

/** Returns the fault of a reply whose code its command cannot have. 4xx and 5xx refuse, and are in their place. */
export function misplaced(stage: OpeningStage, reply: Reply): Astray | undefined {
  const { code } = reply;
  const isRefusal = code >= 400 && code < 600;
  // Servers greet with 250 too, and what is no greeting at all refuses us.
  const belongs = stage === 'greeting' ? code !== 221 : isRefusal || code === yes[stage];
  return belongs ? undefined : astray(stage, reply);
}

/** Looks for a reply that no command asked for; `next` is what comes next in the conversation. */
export function* hearStray(next: Stage, waits?: Patience): Dialogue<Astray | undefined> {
  const reply = yield* listen(next, waits);
  return reply === undefined ? undefined : astray(next, reply);
}

function astray(stage: Stage, reply: Reply): Astray {
  return { kind: isGoodbye(reply) ? 'goodbye' : 'out of step', stage, reply };
}
