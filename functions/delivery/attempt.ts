/**
 * One host: recipients in, verdicts and leftovers out.
 */

import { Interrupted } from '../lmtp/dialogue.ts';
import type { RetireReason } from '../lmtp/transaction.ts';
import type { Parameters } from '../parameters.ts';
import type { ChatOptions } from '../session/chat.ts';
import { openSession, type Peer, relayName, type Session } from '../session/session.ts';
import { sessionKey } from '../session/session-key.ts';
import { ConnectError } from '../session/transport.ts';
import { chatOptions, keepsSessions } from './agent.ts';
import type { AttemptContext } from './attempt-context.ts';
import { applyToAll, peerWords } from './conclude.ts';
import { transact } from './round.ts';
import { handshakeTrouble, interruptionTrouble } from './trouble.ts';

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
    // Unread octets would be taken for the replies of the next transaction: such a session is not used again.
    const goesOn = round.retire === undefined && session.takesMore && !session.isDisturbed;
    if (rest.length > 0 && goesOn) continue;
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
    applyToAll(context, rest, 'handshake', handshakeTrouble(opened, peerWords(peer), switches), relayName(peer));
  } catch (error) {
    if (error instanceof ConnectError) {
      const text = `connect to ${relayName(peer)}: ${error.message}`;
      const scope = error.isDeadline ? 'self' : 'stream';
      // Without a session there is no relay to show.
      applyToAll(context, rest, 'handshake', { scope, status: '4.4.1', text }, undefined);
    } else if (error instanceof Interrupted) {
      applyToAll(context, rest, 'handshake', interruptionTrouble(error, peerWords(peer)), relayName(peer));
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
