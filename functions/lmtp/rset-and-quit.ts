/**
 * RSET and QUIT, between transactions and at the end (RFC 5321 sections 4.1.1.5 and 4.1.1.10).
 */

import { isPositive } from '../smtp/reply.ts';
import { type Dialogue, listen, receive, send } from './dialogue.ts';
import { isGoodbye } from './final-replies.ts';

/** The state of an idle session. */
export type Probed =
  /** It works. */
  | 'alive'
  /** The server refuses, or ends the session. */
  | 'dead'
  /** A reply is misplaced. */
  | 'out of step';

/**
 * Probes an idle session with RSET (smtp_reuse.c).
 *
 * @param isStrict any 2xx means alive, as in Postfix
 */
export function* probe(isStrict = false): Dialogue<Probed> {
  yield* send('RSET');
  const reply = yield* receive('RSET');
  if (isStrict) return isPositive(reply) ? 'alive' : 'dead';
  const behind = yield* listen('RSET');
  if (isGoodbye(reply) || (behind !== undefined && isGoodbye(behind))) return 'dead';
  if (behind !== undefined) return 'out of step';
  if (reply.code === 250) return 'alive';
  return reply.code >= 400 && reply.code < 600 ? 'dead' : 'out of step';
}

/** Sends QUIT and, unless `skipReply`, waits for the reply, which changes nothing (lmtp_skip_quit_response). */
export function* quit({ skipReply }: { readonly skipReply: boolean }): Dialogue<void> {
  yield* send('QUIT');
  if (!skipReply) yield* receive('QUIT');
}
