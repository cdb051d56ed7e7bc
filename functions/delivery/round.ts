/**
 * One round with a server: one transaction, with as many of the recipients as it takes at a time.
 */

import type { Answer } from '../lmtp/dialogue.ts';
import { type RetireReason, type TransactionOutcome, transaction } from '../lmtp/transaction.ts';
import type { ChatOptions } from '../session/chat.ts';
import { peerName, relayName, type Session } from '../session/session.ts';
import type { AttemptContext } from './attempt-context.ts';
import { applyToAll, conclude, concludeTrouble, peerWords } from './conclude.ts';
import { makeEnvelope, type Posting, unfitness } from './envelope.ts';
import { interruptionClass, retireClass } from './incidents.ts';
import { wireContent } from './message.ts';
import { prepare, wantsOneRecipient } from './preparation.ts';
import { interruptionTrouble, type Trouble } from './trouble.ts';

/** How one transaction ended. */
export type Round =
  /** A cached session failed before it took anything: the same is to be tried on a fresh one. */
  | { readonly kind: 'stale' }
  /** `rest`: recipients that the server wants in a further transaction. */
  | { readonly kind: 'settled'; readonly rest: readonly number[]; readonly retire?: RetireReason };

/** Runs one transaction, with as many of the recipients as the server takes at a time. */
export async function transact(
  context: AttemptContext,
  session: Session,
  options: ChatOptions,
  recipients: readonly number[],
): Promise<Round> {
  context.onReady();
  const fit = { peer: peerName(session.peer), isLastHost: context.last.isLastSession };
  const unfit = unfitness(posting(context), session.capabilities, fit);
  if (unfit !== undefined) {
    applyToAll(context, recipients, 'transaction', unfit, relayName(session.peer));
    context.onCompleted();
    return { kind: 'settled', rest: [] };
  }
  const { offered, later } = chooseRecipients(context, session, recipients);
  const told = new Set<number>();
  const { outcome, fault } = await converse(context, session, options, offered, told);
  const { strict_postfix_verdicts } = context.agent.parameters;
  if (session.use > 1 && told.size === 0 && isStale(outcome) && !strict_postfix_verdicts) {
    session.drop();
    return { kind: 'stale' };
  }
  if (isShort(outcome, told.size)) context.onShortReplies(told.size, outcome.answers.length);
  noteIncidents(context, session, outcome, told.size);
  // Whoever was too many gets another turn, as long as each turn takes somebody and ends as it should.
  const goesOn = outcome.completed && outcome.retire === undefined;
  const excess: number[] = [];
  for (const [position, answer] of outcome.answers.entries()) {
    const index = offered[position];
    if (index === undefined || told.has(position)) continue;
    if (answer.kind === 'excess' && goesOn) excess.push(index);
    else if (fault !== undefined && answer.kind === 'interrupted') concludeTrouble(context, session, index, fault);
    else conclude(context, session, index, answer);
  }
  const broken = outcome.answers.find((answer) => answer.kind === 'interrupted');
  if (broken === undefined) context.onCompleted();
  if (broken === undefined) return { kind: 'settled', rest: [...excess, ...later], ...retiring(outcome) };
  // Whoever was not offered yet fares as the others did: a dead server costs one time-out, not one for each recipient.
  const trouble = fault ?? interruptionTrouble({ stage: 'MAIL', reason: broken.reason }, peerWords(session.peer));
  applyToAll(context, later, 'transaction', trouble, relayName(session.peer));
  return { kind: 'settled', rest: [], ...retiring(outcome) };
}

/** What a postmaster may want to see of a transaction: the first answer that does not belong there says what it is about. */
function noteIncidents(
  { incidents }: AttemptContext,
  { peer }: Session,
  outcome: TransactionOutcome,
  told: number,
): void {
  const about = isShort(outcome, told) ? 'protocol' : retireClass(outcome.retire);
  incidents.note(about, `unexpected response from ${relayName(peer)}`);
  for (const answer of outcome.answers) {
    if (answer.kind !== 'interrupted') continue;
    incidents.note(interruptionClass(answer.reason), interruptionTrouble(answer, peerWords(peer)).text);
  }
}

function retiring({ retire }: TransactionOutcome): { readonly retire?: RetireReason } {
  return retire === undefined ? {} : { retire };
}

/**
 * Who goes into one transaction: as many as the server takes, and no two addresses that differ in case alone. Some servers
 * take those for one and the same, and answer them once: everybody behind would get somebody else's reply.
 */
function chooseRecipients(
  context: AttemptContext,
  session: Session,
  recipients: readonly number[],
): { readonly offered: readonly number[]; readonly later: readonly number[] } {
  const limit = transactionLimit(context, session);
  const seen = new Set<string>();
  const offered: number[] = [];
  const later: number[] = [];
  for (const index of recipients) {
    const address = context.delivery.recipients[index]?.address.toLowerCase() ?? '';
    if (offered.length >= limit || seen.has(address)) later.push(index);
    else offered.push(index);
    seen.add(address);
  }
  return { offered, later };
}

/** Recipients of one transaction: what the parameters allow and the server announced, or one where it cannot count. */
function transactionLimit({ oneByOne, agent: { parameters } }: AttemptContext, { capabilities }: Session): number {
  if (oneByOne || wantsOneRecipient(parameters)) return 1;
  const ours = parameters.lmtp_destination_recipient_limit || Number.POSITIVE_INFINITY;
  return Math.min(ours, capabilities.limits.rcpt ?? Number.POSITIVE_INFINITY);
}

/** The conversation itself. Final replies are facts at once; earlier answers may still be taken back by a stale session. */
async function converse(
  context: AttemptContext,
  session: Session,
  options: ChatOptions,
  recipients: readonly number[],
  told: Set<number>,
): Promise<{ readonly outcome: TransactionOutcome; readonly fault?: Trouble }> {
  const { parameters } = context.agent;
  const { strict_postfix_verdicts: strictPostfix } = parameters;
  const preparation = prepare(posting(context), session.capabilities, recipients);
  const envelope = makeEnvelope(posting(context), recipients, preparation);
  session.countTransaction();
  context.gate.prepare();
  const content = wireContent(context.message, context.gate, preparation, (octets) => context.count('Bytes', octets));
  try {
    const outcome = await session.chat(transaction(envelope, session.capabilities, { strictPostfix }), {
      ...options,
      content,
      onAnswer: (position, answer) => {
        const index = recipients[position];
        if (index === undefined || answer.kind !== 'reply' || answer.stage !== 'dot') return;
        told.add(position);
        conclude(context, session, index, answer);
      },
    });
    const { unfit } = content;
    return unfit === undefined ? { outcome } : { outcome, fault: { scope: 'message', ...unfit } };
  } catch (error) {
    session.drop();
    throw error;
  }
}

/** The server gave some final replies, fewer than recipients, and then waited for us: it has lost count. */
function isShort({ answers }: TransactionOutcome, told: number): boolean {
  return (
    told > 0 &&
    answers.some((answer) => answer.kind === 'interrupted' && answer.stage === 'dot' && answer.reason === 'timeout')
  );
}
function posting({ delivery, message, agent }: AttemptContext): Posting {
  return { delivery, message, parameters: agent.parameters };
}

/** A cached session that failed before any content was sent: the same may be tried on a fresh one, at no charge. */
function isStale({ answers }: TransactionOutcome): boolean {
  return answers.every(isBeforeContent) && answers.some(isSessionFault);
}

function isBeforeContent({ kind, ...answer }: Answer): boolean {
  return kind === 'excess' || !('stage' in answer) || (answer.stage !== 'content' && answer.stage !== 'dot');
}

function isSessionFault(answer: Answer): boolean {
  if (answer.kind === 'interrupted') return answer.reason === 'lost';
  return answer.reply.code === 421 || (answer.kind === 'reply' && answer.stage === 'MAIL' && answer.reply.code === 503);
}
