/**
 * The answers of a transaction, from its whole record: a reply counts only in its place.
 *
 *   4xx before content       defers, without further proof
 *   5xx before content       bounces if the session is proven in step after it: by the 354 in its place, or by a 250 to RSET with
 *                            nothing unread after it
 *   a misplaced reply        all recipients defer, with the line of the server
 *   final replies            final-replies.ts
 */

import { isProtocolError, type Reply } from '../smtp/reply.ts';
import type { Answer, Doubt, Stage } from './dialogue.ts';
import { findExcess } from './excess.ts';
import { type FinalReplies, isFinal, isGoodbye, misplacedFinal, trustedFinals } from './final-replies.ts';
import type {
  Closing,
  ContentSent,
  Miscount,
  ReplyRules,
  RetireReason,
  StagedReply,
  TransactionOutcome,
  TransactionRecord,
} from './transaction-record.ts';

/** The default rules: no refusal is trusted before the session is proven in step. */
export const carefulRules: ReplyRules = {
  accepts: ({ code }) => code >= 250 && code <= 252,
  goesAhead: ({ code }) => code === 354,
  isOdd: (reply, stage) => !belongs(reply, stage),
  proves: true,
  confirmations: 1,
  readsOn: (finals) => finals.every(isFinal),
  read,
};

function belongs({ code }: Reply, stage: Stage): boolean {
  const isRefusal = code >= 400 && code < 600;
  return isRefusal || (stage === 'DATA' ? code === 354 : code >= 250 && code <= 252);
}

function read(record: TransactionRecord): TransactionOutcome {
  const finals = finalReplies(record);
  const settled = trustedFinals(finals);
  const excess = new Set(findExcess(record.rcpts).map(({ index }) => index));
  const places = new Map(record.accepted.map((index, place) => [index, place]));
  const rcpts = new Map(record.rcpts.map(({ index, reply }) => [index, reply]));
  const answers = record.recipients.map((_, index): Answer => {
    if (record.mail !== undefined && !carefulRules.accepts(record.mail))
      return envelopeAnswer(record, 'MAIL', record.mail);
    const place = places.get(index);
    if (place !== undefined) return acceptedAnswer(record, finals, place, settled[place] ?? false);
    const refusal = rcpts.get(index);
    if (refusal === undefined) return unansweredAnswer(record);
    if (excess.has(index) && troubleOf(record) === undefined) return { kind: 'excess', reply: refusal };
    return envelopeAnswer(record, 'RCPT', refusal);
  });
  const retire = retireReason(record, finals);
  const outOfStep = outOfStepReply(record, finals);
  const miscount = miscountOf(record, finals);
  const interruption = record.interruption ?? record.closing?.interruption;
  return {
    answers,
    completed: record.sent === 'all' && record.finals.length === record.accepted.length && retire === undefined,
    isReset: isReset(record.closing) && retire === undefined,
    sent: record.sent,
    ...(retire === undefined ? {} : { retire }),
    ...(outOfStep === undefined ? {} : { outOfStep }),
    ...(miscount === undefined ? {} : { miscount }),
    ...(interruption === undefined ? {} : { interruption }),
  };
}

/** Returns the final replies, and one too many: an unread one after them, or one in the place of RSET's reply. */
function finalReplies({ recipients, accepted, finals, stray, closing, interruption }: TransactionRecord): FinalReplies {
  const addresses = accepted.map((index) => recipients[index] ?? '');
  const isComplete = finals.length === accepted.length;
  const lost = interruption?.reason === 'lost' || finals.some(isGoodbye);
  const end = isComplete ? 'complete' : lost ? 'lost' : 'silent';
  const unasked = stray?.stage === 'RSET' ? stray.reply : isPushedBack(closing) ? closing?.reply : undefined;
  const isExtra = unasked !== undefined && !isGoodbye(unasked);
  return { addresses, replies: finals, end, ...(isExtra ? { extra: unasked } : {}) };
}

/**
 * Whether the reply read for RSET is another one: a second reply followed, or RSET cannot have it and the server left before it
 * answered RSET.
 */
function isPushedBack(closing: TransactionRecord['closing']): boolean {
  if (closing?.reply === undefined || closing.behind === undefined) return false;
  if (!isGoodbye(closing.behind)) return true;
  return !isGoodbye(closing.reply) && closing.reply.code !== 250;
}

/** Returns the answer for a refused MAIL or RCPT: soft at once, hard if the refusal is proven to be in its place. */
function envelopeAnswer(record: TransactionRecord, stage: Stage, reply: Reply): Answer {
  const trouble = troubleOf(record);
  if (trouble !== undefined) {
    return carefulRules.isOdd(reply, stage) || reply.code >= 400
      ? { kind: 'unsettled', stage, reply, why: 'out of step', inDoubt: false }
      : { kind: 'unsettled', ...trouble, why: 'out of step', inDoubt: false };
  }
  if (reply.code < 500 || isProven(record)) return { kind: 'reply', stage, reply };
  const why: Doubt = isContradicted(record) ? 'out of step' : 'unconfirmed';
  return { kind: 'unsettled', stage, reply, why, inDoubt: false };
}

/** Returns the reply that shows that the envelope is out of step, if any. */
function troubleOf({ odd, stray, sent }: TransactionRecord): StagedReply | undefined {
  if (odd !== undefined) return odd;
  return stray !== undefined && sent === 'nothing' && !isGoodbye(stray.reply) ? stray : undefined;
}

/** Whether a refusal before content is proven. */
function isProven({ mail, data, stray, sent, closing }: TransactionRecord): boolean {
  const isMailAccepted = mail !== undefined && carefulRules.accepts(mail);
  const wasAskedForContent = data !== undefined && carefulRules.goesAhead(data);
  if (isMailAccepted && wasAskedForContent) {
    return sent !== 'nothing' || stray === undefined || isGoodbye(stray.reply);
  }
  return isReset(closing);
}

/** Whether the reply to RSET is 250, with nothing after it. */
function isReset(closing: TransactionRecord['closing']): boolean {
  return closing?.reply?.code === 250 && closing.behind === undefined;
}

/** Whether RSET, or DATA after a refused MAIL, cannot have the reply that was read for it. */
function isContradicted({ mail, data, closing }: TransactionRecord): boolean {
  const isMailRefused = mail !== undefined && !carefulRules.accepts(mail);
  if (isMailRefused && data !== undefined && carefulRules.goesAhead(data)) return true;
  if (closing?.reply === undefined || isGoodbye(closing.reply)) return false;
  // A goodbye after it does not show whose the 250 is.
  return closing.reply.code !== 250 || (closing.behind !== undefined && !isGoodbye(closing.behind));
}

function acceptedAnswer(record: TransactionRecord, finals: FinalReplies, place: number, isSettled: boolean): Answer {
  const { data, sent, stray, interruption } = record;
  const reply = record.finals[place];
  if (sent === 'all') return finalAnswer(record, finals, place, reply, isSettled);
  const trouble = troubleOf(record);
  if (trouble !== undefined) return { kind: 'unsettled', ...trouble, why: 'out of step', inDoubt: false };
  if (data !== undefined && !carefulRules.goesAhead(data)) return envelopeAnswer(record, 'DATA', data);
  if (stray !== undefined) return { kind: 'unsettled', ...stray, why: strayDoubt(stray.reply), inDoubt: false };
  if (interruption !== undefined) return interrupted(interruption, false);
  throw new Error('a recipient was accepted, and nothing was done for it');
}

/** Returns why a line during the content decides nothing. */
function strayDoubt(reply: Reply): Doubt {
  if (isGoodbye(reply)) return 'goodbye';
  return reply.code >= 400 && reply.code < 600 ? 'early' : 'out of step';
}

function finalAnswer(
  record: TransactionRecord,
  finals: FinalReplies,
  place: number,
  reply: Reply | undefined,
  isSettled: boolean,
): Answer {
  if (reply !== undefined && isSettled) return { kind: 'reply', stage: 'dot', reply, nth: place };
  const { interruption } = record;
  if (reply !== undefined) {
    const why = isGoodbye(reply) ? 'goodbye' : 'out of step';
    return { kind: 'unsettled', stage: 'dot', reply, why, inDoubt: true };
  }
  if (interruption !== undefined) return interrupted(interruption, interruption.stage === 'dot');
  // After a reply that is not a final one, no further reply was awaited.
  const last = finals.replies.at(-1);
  if (last === undefined) throw new Error('the final replies ended without a reason');
  return { kind: 'unsettled', stage: 'dot', reply: last, why: 'out of step', inDoubt: true };
}

function unansweredAnswer(record: TransactionRecord): Answer {
  const trouble = troubleOf(record);
  if (trouble !== undefined) return { kind: 'unsettled', ...trouble, why: 'out of step', inDoubt: false };
  const { interruption } = record;
  if (interruption !== undefined) return interrupted(interruption, false);
  throw new Error('a recipient was left without an answer');
}

function interrupted({ stage, reason }: NonNullable<TransactionRecord['interruption']>, inDoubt: boolean): Answer {
  return { kind: 'interrupted', stage, reason, inDoubt };
}

function outOfStepReply(record: TransactionRecord, finals: FinalReplies): StagedReply | undefined {
  const { odd, stray, closing } = record;
  if (odd !== undefined) return odd;
  if (stray !== undefined && strayDoubt(stray.reply) === 'out of step') return stray;
  const misplaced = misplacedFinal(finals);
  if (misplaced !== undefined) return { stage: 'dot', reply: misplaced };
  const reply = closing?.reply;
  const isRefusalUnproven = record.sent === 'nothing' && isContradicted(record);
  return reply !== undefined && isRefusalUnproven ? { stage: 'RSET', reply } : undefined;
}

/** Returns the counts if the server lost count, or was silent after some of the final replies. */
function miscountOf({ accepted, finals, interruption }: TransactionRecord, all: FinalReplies): Miscount | undefined {
  const isShort = finals.length > 0 && finals.length < accepted.length && !finals.some(isGoodbye);
  const fellSilent = isShort && interruption?.reason === 'timeout';
  if (!fellSilent && misplacedFinal(all) === undefined) return undefined;
  return { replies: finals.length + (all.extra === undefined ? 0 : 1), recipients: accepted.length };
}

function retireReason(record: TransactionRecord, finals: FinalReplies): RetireReason | undefined {
  const { mail, data, accepted, odd, stray, closing, interruption } = record;
  if (interruption !== undefined) return 'interrupted';
  if (odd !== undefined || misplacedFinal(finals) !== undefined) return 'out of step';
  if (stray !== undefined) return isGoodbye(stray.reply) ? 'closing (421)' : 'out of step';
  if (data !== undefined && carefulRules.goesAhead(data) && (accepted.length === 0 || record.sent === 'nothing'))
    return 'out of step';
  // Without an accepted recipient, the reply to DATA does not count.
  const wanted = accepted.length > 0 ? data : undefined;
  const all = [mail, ...record.rcpts.map(({ reply }) => reply), wanted, ...record.finals];
  const replies = all.filter((reply) => reply !== undefined);
  if (replies.some(isGoodbye)) return 'closing (421)';
  const closed = closing === undefined ? undefined : closingReason(closing, record.sent);
  return closed ?? (replies.some(isProtocolError) ? 'protocol error' : undefined);
}

/** Returns why the RSET that closed a transaction forbids further use of its session. */
function closingReason({ reply, behind }: Closing, sent: ContentSent): RetireReason | undefined {
  if (reply === undefined) return 'interrupted';
  if (isGoodbye(reply) || (behind !== undefined && isGoodbye(behind))) return 'closing (421)';
  if (behind !== undefined) return 'out of step';
  if (reply.code === 250) return undefined;
  return sent === 'nothing' ? 'out of step' : 'protocol error';
}
