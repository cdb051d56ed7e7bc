/**
 * One host: recipients in, verdicts and leftovers out.
 */

import type { RetireReason } from '../lmtp/transaction.ts';
import type { ChatOptions } from '../session/chat.ts';
import type { Session } from '../session/session.ts';
import { sessionKey } from '../session/session-key.ts';
import { type Access, findAccess } from './access.ts';
import { keepsSessions } from './agent.ts';
import type { AttemptContext } from './attempt-context.ts';
import { applyToAll } from './conclude.ts';
import { attemptOptions, open } from './open.ts';
import { transact } from './round.ts';

/** How an attempt at one host ended. Whoever was not settled is left over. */
export interface AttemptOutcome {
  /** The server talked to us; only such sessions count for lmtp_mx_session_limit. */
  readonly handshaken: boolean;
}

/** Tries one host: a cached session first, a fresh one where there is none or the cached one fails before content. */
export async function attempt(context: AttemptContext): Promise<AttemptOutcome> {
  const { agent, hop, peer } = context;
  const found = await findAccess(hop, peer, agent);
  if (found.kind === 'trouble') {
    const isOurs = found.trouble.scope === 'self';
    // A secret that cannot be read is counted where it is read.
    if (!isOurs) context.count('TlsFailures');
    context.incidents.note(isOurs ? 'data' : 'policy', found.trouble.text);
    applyToAll(context, context.recipients, 'handshake', found.trouble, undefined);
    return { handshaken: false };
  }
  let { access } = found;
  let options = attemptOptions(context, access);
  let session = await agent.sessions.checkOut(sessionKey(hop.name, peer, access.key), options);
  if (session !== undefined) context.count('SessionsReused');
  let handshaken = session !== undefined;
  let rest = context.recipients;
  while (rest.length > 0) {
    if (session === undefined) {
      const opened = await open(context, access, rest);
      if (opened === undefined) return { handshaken };
      ({ session, access } = opened);
      // With another password there is something else to hide.
      options = attemptOptions(context, access);
    }
    handshaken = true;
    const round = await transact(context, session, options, rest);
    if (round.kind === 'stale') {
      // RSET did not show it. Nothing was sent on it, so nothing is in doubt, and nobody is charged.
      context.count('SessionsStale');
      session = undefined;
      continue;
    }
    rest = round.rest;
    // Unread octets would be taken for the replies of the next transaction: such a session is not used again.
    const goesOn = round.retire === undefined && session.takesMore && !session.isDisturbed;
    if (rest.length > 0 && goesOn) continue;
    giveBack(context, session, access, options, round.retire);
    session = undefined;
  }
  return { handshaken };
}

/** Parks the session for the next request, says goodbye, or drops it. */
function giveBack(
  { agent, hop, peer }: AttemptContext,
  session: Session,
  { key, policy }: Access,
  options: ChatOptions,
  retire: RetireReason | undefined,
): void {
  const isKept =
    keepsSessions(agent, hop.kind === 'inet' ? hop.host : hop.path) && (policy.isReusable || policy.level === 'none');
  if (retire === 'interrupted' || retire === 'out of step') session.drop();
  else if (retire === undefined && isKept) agent.sessions.checkIn(sessionKey(hop.name, peer, key), session, options);
  else void session.quit(options, { skipReply: agent.parameters.lmtp_skip_quit_response });
}
