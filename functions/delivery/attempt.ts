/**
 * An attempt at one host, with verdicts and leftover recipients as its outcome.
 */

import type { RetireReason } from '../lmtp/transaction-record.ts';
import type { ChatOptions } from '../session/chat.ts';
import type { Session } from '../session/session.ts';
import { sessionKey } from '../session/session-key.ts';
import { type Access, findAccess } from './access.ts';
import { keepsSessions } from './agent.ts';
import type { AttemptInput } from './attempt-input.ts';
import { type AttemptOutcome, type Count, foldOutcomes, noOutcome } from './attempt-outcome.ts';
import { type IncidentNote, withTranscripts } from './incidents.ts';
import { attemptOptions, open } from './open.ts';
import { transact } from './round.ts';
import type { Trouble } from './trouble.ts';
import { concludeAll } from './verdicts.ts';

type Noted = AttemptOutcome<IncidentNote>;

/** Tries one host: with a cached session, or a new one if there is none or the cached one fails before content. */
export async function attempt(input: AttemptInput): Promise<AttemptOutcome> {
  const { agent, hop, peer, dialogue, delivery } = input;
  const found = await findAccess(hop, peer, agent);
  const outcome =
    found.kind === 'trouble' ? withoutAccess(input, found.trouble) : await attemptWith(input, found.access);
  return { ...outcome, incidents: withTranscripts(outcome.incidents, dialogue, peer, delivery.destination) };
}

function withoutAccess(input: AttemptInput, trouble: Trouble): Noted {
  const isOurs = trouble.scope === 'self';
  return {
    ...concludeAll(input, input.recipients, { phase: 'handshake', trouble }),
    // The reader of a secret counts its failures.
    counts: isOurs ? [] : [{ name: 'TlsFailures' }],
    incidents: [{ class: isOurs ? 'data' : 'policy', subject: trouble.text }],
  };
}

async function attemptWith(input: AttemptInput, found: Access): Promise<Noted> {
  const { agent, hop, peer } = input;
  let access = found;
  let options = attemptOptions(input, access);
  const { session: cached, ...lost } = await agent.sessions.checkOut(sessionKey(hop.name, peer, access.key), options);
  let session = cached;
  let outcome: Noted = { ...noOutcome, counts: cacheCounts(session, lost), isHandshaken: session !== undefined };
  let rest = input.recipients;
  while (rest.length > 0) {
    if (session === undefined) {
      const opened = await open({ ...input, mayRenew: input.mayRenew && !outcome.isRenewed }, access, rest);
      outcome = foldOutcomes(outcome, opened.outcome);
      if (opened.kind === 'no session') return outcome;
      ({ session, access } = opened);
      // Another password must be hidden, too.
      options = attemptOptions(input, access);
    }
    const { isRenewed, shortReplies } = outcome;
    const oneByOne = input.oneByOne || shortReplies !== undefined;
    const round = await transact(
      { ...input, oneByOne, mayRenew: input.mayRenew && !isRenewed },
      session,
      options,
      rest,
    );
    outcome = foldOutcomes(outcome, { ...round.outcome, isHandshaken: true });
    rest = round.rest;
    // Unread octets would be read as replies of the next transaction, so such a session is not used again.
    const goesOn = round.retire === undefined && session.takesMore && !session.isDisturbed;
    if (rest.length > 0 && goesOn) continue;
    release(input, session, access, options, round.retire);
    session = undefined;
  }
  return outcome;
}

function cacheCounts(
  session: Session | undefined,
  { dead, outOfStep }: { readonly dead: number; readonly outOfStep: number },
): readonly Count[] {
  return [
    ...(session === undefined ? [] : [{ name: 'SessionsReused' } as const]),
    ...(dead === 0 ? [] : [{ name: 'SessionsStale', value: dead } as const]),
    ...(outOfStep === 0 ? [] : [{ name: 'OutOfStep', value: outOfStep } as const]),
  ];
}

/** Parks the session for the next request, sends QUIT, or drops it. */
function release(
  { agent, hop, peer }: AttemptInput,
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
