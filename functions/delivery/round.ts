/**
 * One round with a server: one transaction, with as many recipients as the server accepts at a time.
 */

import type { Answer, Interrupted } from '../lmtp/dialogue.ts';
import type { RetireReason, TransactionOutcome } from '../lmtp/transaction-record.ts';
import type { ChatOptions } from '../session/chat.ts';
import { peerName, relayName, type Session, type Transacted } from '../session/session.ts';
import type { AttemptInput } from './attempt-input.ts';
import {
  type AttemptOutcome,
  type ContentFault,
  type Count,
  foldAll,
  foldOutcomes,
  noOutcome,
} from './attempt-outcome.ts';
import { makeEnvelope, missingCapability, type Posting } from './envelope.ts';
import { type IncidentNote, interruptionClass, retireClass } from './incidents.ts';
import { judgeOf } from './judge.ts';
import { MimeUnfit, wireContent } from './message.ts';
import { prepare, wantsOneRecipient } from './preparation.ts';
import { interruptionTrouble, type PeerWords, type Trouble, unsettledTrouble } from './trouble.ts';
import { concludeAll, concludeAnswer, concludeTrouble, peerWords, sentVerdict } from './verdicts.ts';

/** The result of one transaction. */
export interface Round {
  readonly outcome: AttemptOutcome<IncidentNote>;
  /** Recipients that need another transaction: too many for this one, or its session failed before any content. */
  readonly rest: readonly number[];
  /** Why the session must not be used again. */
  readonly retire?: RetireReason;
}

/** Runs one transaction, with as many recipients as the server accepts at a time. */
export async function transact(
  input: AttemptInput,
  session: Session,
  options: ChatOptions,
  recipients: readonly number[],
): Promise<Round> {
  const readyAt = input.agent.clock.now().monotonic;
  const fit = { peer: peerName(session.peer), isLastHost: input.last.isLastSession };
  const unfit = missingCapability(posting(input), session.capabilities, fit);
  if (unfit !== undefined) {
    const met = { phase: 'transaction', trouble: unfit, relay: relayName(session.peer), readyAt } as const;
    return { outcome: { ...concludeAll(input, recipients, met), isCompleted: true, readyAt }, rest: [] };
  }
  const { offered, later } = chooseRecipients(input, session, recipients);
  const transacted = await converse(input, session, options, offered, readyAt);
  const renewal = renewalCounts(input, session, transacted.outcome);
  if (renewal !== undefined) {
    const isRenewed = session.use === 1;
    const incidents = isRenewed ? notesOf(session, transacted.outcome) : [];
    return {
      outcome: { ...noOutcome, counts: renewal, incidents, isRenewed },
      rest: recipients,
      retire: 'out of step',
    };
  }
  return roundOutcome({ input, session, offered, later, readyAt }, transacted);
}

/** The input of a round. */
interface RoundFacts {
  readonly input: AttemptInput;
  readonly session: Session;
  readonly offered: readonly number[];
  readonly later: readonly number[];
  readonly readyAt: number;
}

function roundOutcome(facts: RoundFacts, { outcome, finalsAt, octets }: Transacted): Round {
  const { input, session, offered, readyAt } = facts;
  const at = input.agent.clock.now().monotonic;
  const fault = faultOf(outcome, peerWords(session.peer));
  // Excess recipients get another transaction, as long as each one completes.
  const goesOn = outcome.completed;
  const excess = offered.filter((_, position) => goesOn && outcome.answers[position]?.kind === 'excess');
  const parts = outcome.answers.flatMap((answer, position): readonly AttemptOutcome<never>[] => {
    const index = offered[position];
    if (index === undefined || excess.includes(index)) return [];
    const nth = answer.kind === 'reply' ? answer.nth : undefined;
    const times = { readyAt, at: (nth === undefined ? undefined : finalsAt[nth]) ?? at };
    return fault?.trouble !== undefined && answer.kind === 'interrupted'
      ? [concludeTrouble(input, session, index, fault.trouble, times)]
      : [concludeAnswer(input, session, index, answer, times)];
  });
  const after = laterOutcome(facts, outcome, fault?.trouble);
  const { replies, recipients } = outcome.miscount ?? {};
  const concluded: AttemptOutcome<IncidentNote> = {
    ...foldAll(noOutcome, parts),
    readyAt,
    isCompleted: outcome.answers.every(({ kind }) => kind === 'reply' || kind === 'excess'),
    isCountRight: goesOn && outcome.answers.filter((answer) => 'nth' in answer).length > 1,
    isRenewed: after.rest.length > 0 && outcome.outOfStep !== undefined,
    counts: countsOf(outcome, octets),
    incidents: notesOf(session, outcome),
    ...(replies === undefined || recipients === undefined
      ? {}
      : { shortReplies: { replies, recipients, peer: relayName(session.peer) } }),
    ...(fault?.content === undefined ? {} : { contentFault: fault.content }),
  };
  return {
    outcome: foldOutcomes<IncidentNote>(concluded, after.outcome),
    rest: [...excess, ...after.rest],
    ...(outcome.retire === undefined ? {} : { retire: outcome.retire }),
  };
}

/**
 * Returns the outcome for recipients that were not offered yet. If the session broke, they share the trouble of the others: a dead
 * server costs one time-out, not one for each recipient. If replies were out of step, one new connection is allowed.
 */
function laterOutcome(
  { input, session, later }: RoundFacts,
  { answers, outOfStep, interruption }: TransactionOutcome,
  fault: Trouble | undefined,
): { readonly outcome: AttemptOutcome<never>; readonly rest: readonly number[] } {
  const broken = answers.find((answer) => answer.kind === 'interrupted' || answer.kind === 'unsettled');
  if (broken === undefined) return { outcome: noOutcome, rest: later };
  // After a time-out the server counts as dead, even if only a confirmation or some replies are missing.
  const silence = interruption?.reason === 'timeout' ? interruption : undefined;
  const mayGoOn = broken.kind === 'unsettled' && silence === undefined;
  if (mayGoOn && (outOfStep === undefined || input.mayRenew)) return { outcome: noOutcome, rest: later };
  const trouble = fault ?? laterTrouble(broken, silence, peerWords(session.peer));
  return {
    outcome: concludeAll(input, later, { phase: 'transaction', trouble, relay: relayName(session.peer) }),
    rest: [],
  };
}

/** Returns the trouble of recipients that were not offered on a session that ended. */
function laterTrouble(
  broken: Extract<Answer, { kind: 'interrupted' | 'unsettled' }>,
  silence: Interrupted | undefined,
  peer: PeerWords,
): Trouble {
  const stage = silence?.stage === 'RSET' ? 'RSET' : 'MAIL';
  if (broken.kind === 'interrupted') return interruptionTrouble({ stage, reason: broken.reason }, peer);
  if (silence !== undefined) return interruptionTrouble({ stage, reason: silence.reason }, peer);
  return unsettledTrouble({ ...broken, inDoubt: false }, peer);
}

/** Returns what ended the content on the client's side: a failed conversion, a body that cannot be read, or a failed claim. */
function faultOf(
  { interruption }: TransactionOutcome,
  peer: PeerWords,
): { readonly trouble?: Trouble; readonly content?: ContentFault } | undefined {
  if (interruption === undefined) return undefined;
  const { stage, reason, cause } = interruption;
  if (cause instanceof MimeUnfit) return { trouble: { scope: 'message', ...cause.fault } };
  if (reason === 'claim') return { content: { what: reason, error: cause } };
  if (reason !== 'body') return undefined;
  const trouble = interruptionTrouble({ stage, reason }, peer);
  // Only the store knows why, and the operator what to do about it.
  const text = `${trouble.text}: ${cause instanceof Error ? cause.message : String(cause)}`;
  return { trouble: { ...trouble, text }, content: { what: reason, error: cause } };
}

function countsOf({ outOfStep, miscount }: TransactionOutcome, octets: number): readonly Count[] {
  return [
    ...(octets === 0 ? [] : [{ name: 'Bytes', value: octets } as const]),
    ...outOfStepCounts(outOfStep !== undefined || miscount !== undefined),
  ];
}

function outOfStepCounts(isOutOfStep: boolean): readonly Count[] {
  return isOutOfStep ? [{ name: 'OutOfStep' }] : [];
}

/** Returns the incidents of a transaction for the postmaster; the first misplaced reply is the subject. */
function notesOf({ peer }: Session, outcome: TransactionOutcome): readonly IncidentNote[] {
  const { outOfStep, miscount, retire } = outcome;
  const about = retireClass(retire);
  const broken = outcome.answers.flatMap((answer) => {
    // The sender receives a report about a failed conversion.
    if (answer.kind !== 'interrupted' || outcome.interruption?.cause instanceof MimeUnfit) return [];
    const kind = interruptionClass(answer.reason);
    if (kind === undefined) return [];
    return [{ class: kind, subject: interruptionTrouble(answer, peerWords(peer)).text }];
  });
  if (miscount !== undefined || outOfStep !== undefined) {
    const counted =
      miscount === undefined ? '' : `, ${miscount.replies} final replies for ${miscount.recipients} recipients`;
    const line = outOfStep === undefined ? '' : `: ${outOfStep.reply.text}`;
    return [{ class: 'protocol', subject: `replies out of step from ${relayName(peer)}${counted}${line}` }, ...broken];
  }
  return about === undefined
    ? broken
    : [{ class: about, subject: `unexpected response from ${relayName(peer)}` }, ...broken];
}

/**
 * Chooses the recipients of one transaction: as many as the server accepts, but no two addresses that differ only in case. Some servers
 * treat those as one and send one reply, so that later recipients would get wrong replies.
 */
function chooseRecipients(
  input: AttemptInput,
  session: Session,
  recipients: readonly number[],
): { readonly offered: readonly number[]; readonly later: readonly number[] } {
  const limit = transactionLimit(input, session);
  const seen = new Set<string>();
  const offered: number[] = [];
  const later: number[] = [];
  for (const index of recipients) {
    const address = input.delivery.recipients[index]?.address.toLowerCase() ?? '';
    if (offered.length >= limit || seen.has(address)) later.push(index);
    else offered.push(index);
    seen.add(address);
  }
  return { offered, later };
}

/** Returns the limit of recipients: from the parameters and the server, or one if the server lost count. */
function transactionLimit({ oneByOne, agent: { parameters } }: AttemptInput, { capabilities }: Session): number {
  if (oneByOne || wantsOneRecipient(parameters)) return 1;
  const ours = parameters.lmtp_destination_recipient_limit || Number.POSITIVE_INFINITY;
  return Math.min(ours, capabilities.limits.rcpt ?? Number.POSITIVE_INFINITY);
}

/** Runs the transaction on the session. */
async function converse(
  input: AttemptInput,
  session: Session,
  options: ChatOptions,
  recipients: readonly number[],
  readyAt: number,
): Promise<Transacted> {
  const { agent, message, gate } = input;
  const preparation = prepare(posting(input), session.capabilities, recipients);
  const envelope = makeEnvelope(posting(input), recipients, preparation);
  gate.prepare();
  return await session.transact(envelope, judgeOf(agent.parameters).rules, {
    ...options,
    content: wireContent(message, gate, preparation),
    onProgress: (position, reply) => {
      const index = recipients[position];
      const times = { readyAt, at: agent.clock.now().monotonic };
      if (index !== undefined) input.onProgress(index, sentVerdict(input, session, reply, times));
    },
  });
}

function posting({ delivery, message, agent }: AttemptInput): Posting {
  return { delivery, message, parameters: agent.parameters };
}

/**
 * Returns the counts if the transaction is repeated on a new connection, without a verdict, because no content was sent: a cached
 * session that was dead; or, once in an attempt, a new session with replies out of step.
 */
function renewalCounts(
  { agent, mayRenew }: AttemptInput,
  { use }: Session,
  { sent, answers, outOfStep }: TransactionOutcome,
): readonly Count[] | undefined {
  if (sent !== 'nothing' || !judgeOf(agent.parameters).renewsSessions) return undefined;
  const counts = outOfStepCounts(outOfStep !== undefined);
  if (use > 1 && answers.some(isSessionFault)) return [{ name: 'SessionsStale' }, ...counts];
  return outOfStep !== undefined && mayRenew ? counts : undefined;
}

function isSessionFault(answer: Answer): boolean {
  switch (answer.kind) {
    case 'interrupted':
      // Without a probe, a dead session shows only at its first command.
      return answer.reason === 'lost' || (answer.reason === 'timeout' && answer.stage === 'MAIL');
    case 'unsettled':
      return answer.why !== 'early';
    case 'reply':
    case 'excess':
      return (
        answer.reply.code === 421 || (answer.kind === 'reply' && answer.stage === 'MAIL' && answer.reply.code === 503)
      );
    default:
      return answer satisfies never;
  }
}
