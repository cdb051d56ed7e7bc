/**
 * Between two transactions, and at the end: RSET and QUIT (RFC 5321 sections 4.1.1.5 and 4.1.1.10).
 */

import { isPositive } from '../smtp/reply.ts';
import { type Dialogue, receive, send } from './dialogue.ts';

/** Asks whether a session that lay idle still works; only a 2xx is a yes (smtp_reuse.c). */
export function* probe(): Dialogue<boolean> {
  yield* send('RSET');
  return isPositive(yield* receive('RSET'));
}

/** Says goodbye and, unless `skipReply`, waits for the answer, which nobody reads (lmtp_skip_quit_response). */
export function* quit({ skipReply }: { readonly skipReply: boolean }): Dialogue<void> {
  yield* send('QUIT');
  if (!skipReply) yield* receive('QUIT');
}
