/**
 * What the whole record of a transaction settles: a reply counts only where it belongs.
 *
 *   4xx before content       defers; no proof is needed for that
 *   5xx before content       bounces where the session is proven in step behind it: by the 354 in its place, or by RSET
 *                            answered 250, with nothing unread behind
 *   a reply out of place     all recipients defer, with the server's line
 *   final replies            final-replies.ts
 */

import { isProtocolError, type Reply } from '../smtp/reply.ts';
import type { Answer, Doubt, Stage } from './dialogue.ts';
import { findExcess } from './excess.ts';
import { type FinalReplies, isFinal, isGoodbye, misplacedFinal, settledFinals } from './final-replies.ts';
import type {
  Closing,
  ContentSent,
  Heard,
  Manners,
  Miscount,
  RetireReason,
  StagedReply,
  TransactionOutcome,
} from './heard.ts';

/** Our own manners: nothing is believed before the session is proven in step. */
export const careful: Manners = {
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

function read(heard: Heard): TransactionOutcome {
  const finals = finalReplies(heard);
  const settled = settledFinals(finals);
  const excess = new Set(findExcess(heard.rcpts).map(({ index }) => index));
  const places = new Map(heard.accepted.map((index, place) => [index, place]));
  const rcpts = new Map(heard.rcpts.map(({ index, reply }) => [index, reply]));
  const answers = heard.recipients.map((_, index): Answer => {
    if (heard.mail !== undefined && !careful.accepts(heard.mail)) return envelopeAnswer(heard, 'MAIL', heard.mail);
    const place = places.get(index);
    if (place !== undefined) return acceptedAnswer(heard, finals, place, settled[place] ?? false);
    const refusal = rcpts.get(index);
    if (refusal === undefined) return unansweredAnswer(heard);
    if (excess.has(index) && troubleOf(heard) === undefined) return { kind: 'excess', reply: refusal };
    return envelopeAnswer(heard, 'RCPT', refusal);
  });
  const retire = retireReason(heard, finals);
  const outOfStep = outOfStepReply(heard, finals);
  const miscount = miscountOf(heard, finals);
  const interruption = heard.interruption ?? heard.closing?.interruption;
  return {
    answers,
    completed: heard.sent === 'all' && heard.finals.length === heard.accepted.length && retire === undefined,
    isReset: isReset(heard.closing) && retire === undefined,
    sent: heard.sent,
    ...(retire === undefined ? {} : { retire }),
    ...(outOfStep === undefined ? {} : { outOfStep }),
    ...(miscount === undefined ? {} : { miscount }),
    ...(interruption === undefined ? {} : { interruption }),
  };
}

/** The final replies, and the one too many: what lay unread behind them, or came in the place of RSET's own. */
function finalReplies({ recipients, accepted, finals, stray, closing, interruption }: Heard): FinalReplies {
  const addresses = accepted.map((index) => recipients[index] ?? '');
  const isComplete = finals.length === accepted.length;
  const lost = interruption?.reason === 'lost' || finals.some(isGoodbye);
  const end = isComplete ? 'complete' : lost ? 'lost' : 'silent';
  const unasked = stray?.stage === 'RSET' ? stray.reply : isPushedBack(closing) ? closing?.reply : undefined;
  const isExtra = unasked !== undefined && !isGoodbye(unasked);
  return { addresses, replies: finals, end, ...(isExtra ? { extra: unasked } : {}) };
}

/**
 * Whether what was read as RSET's reply was not: another came behind it; or it is none of RSET's, and the server left before it
 * gave one.
 */
function isPushedBack(closing: Heard['closing']): boolean {
  if (closing?.reply === undefined || closing.behind === undefined) return false;
  if (!isGoodbye(closing.behind)) return true;
  return !isGoodbye(closing.reply) && closing.reply.code !== 250;
}

/** An answer to MAIL or RCPT that refuses: soft at once, hard where it is proven to be in its place. */
function envelopeAnswer(heard: Heard, stage: Stage, reply: Reply): Answer {
  const trouble = troubleOf(heard);
  if (trouble !== undefined) {
    return careful.isOdd(reply, stage) || reply.code >= 400
      ? { kind: 'unsettled', stage, reply, why: 'out of step', inDoubt: false }
      : { kind: 'unsettled', ...trouble, why: 'out of step', inDoubt: false };
  }
  if (reply.code < 500 || isProven(heard)) return { kind: 'reply', stage, reply };
  const why: Doubt = isContradicted(heard) ? 'out of step' : 'unconfirmed';
  return { kind: 'unsettled', stage, reply, why, inDoubt: false };
}

/** The reply that shows the envelope to be out of step, if one does. */
function troubleOf({ odd, stray, sent }: Heard): StagedReply | undefined {
  if (odd !== undefined) return odd;
  return stray !== undefined && sent === 'nothing' && !isGoodbye(stray.reply) ? stray : undefined;
}

/** Whether what was refused before content is proven to be refused. */
function isProven({ mail, data, stray, sent, closing }: Heard): boolean {
  const isMailAccepted = mail !== undefined && careful.accepts(mail);
  const wasAskedForContent = data !== undefined && careful.goesAhead(data);
  if (isMailAccepted && wasAskedForContent) {
    return sent !== 'nothing' || stray === undefined || isGoodbye(stray.reply);
  }
  return isReset(closing);
}

/** Whether RSET was answered 250, and nothing came behind. */
function isReset(closing: Heard['closing']): boolean {
  return closing?.reply?.code === 250 && closing.behind === undefined;
}

/** Whether the reply to RSET, or to DATA where MAIL was refused, cannot be the one that was due. */
function isContradicted({ mail, data, closing }: Heard): boolean {
  const isMailRefused = mail !== undefined && !careful.accepts(mail);
  if (isMailRefused && data !== undefined && careful.goesAhead(data)) return true;
  if (closing?.reply === undefined || isGoodbye(closing.reply)) return false;
  // A goodbye behind it proves neither that the 250 is RSET's nor that it is not.
  return closing.reply.code !== 250 || (closing.behind !== undefined && !isGoodbye(closing.behind));
}

function acceptedAnswer(heard: Heard, finals: FinalReplies, place: number, isSettled: boolean): Answer {
  const { data, sent, stray, interruption } = heard;
  const reply = heard.finals[place];
  if (sent === 'all') return finalAnswer(heard, finals, place, reply, isSettled);
  const trouble = troubleOf(heard);
  if (trouble !== undefined) return { kind: 'unsettled', ...trouble, why: 'out of step', inDoubt: false };
  if (data !== undefined && !careful.goesAhead(data)) return envelopeAnswer(heard, 'DATA', data);
  if (stray !== undefined) return { kind: 'unsettled', ...stray, why: strayDoubt(stray.reply), inDoubt: false };
  if (interruption !== undefined) return interrupted(interruption, false);
  throw new Error('a recipient was accepted, and nothing was done for it');
}

/** Why a line settles nothing that came while content was being sent. */
function strayDoubt(reply: Reply): Doubt {
  if (isGoodbye(reply)) return 'goodbye';
  return reply.code >= 400 && reply.code < 600 ? 'early' : 'out of step';
}

function finalAnswer(
  heard: Heard,
  finals: FinalReplies,
  place: number,
  reply: Reply | undefined,
  isSettled: boolean,
): Answer {
  if (reply !== undefined && isSettled) return { kind: 'reply', stage: 'dot', reply, nth: place };
  const { interruption } = heard;
  if (reply !== undefined) {
    const why = isGoodbye(reply) ? 'goodbye' : 'out of step';
    return { kind: 'unsettled', stage: 'dot', reply, why, inDoubt: true };
  }
  if (interruption !== undefined) return interrupted(interruption, interruption.stage === 'dot');
  // No further reply was waited for behind one that is none.
  const last = finals.replies.at(-1);
  if (last === undefined) throw new Error('the final replies ended without a reason');
  return { kind: 'unsettled', stage: 'dot', reply: last, why: 'out of step', inDoubt: true };
}

function unansweredAnswer(heard: Heard): Answer {
  const trouble = troubleOf(heard);
  if (trouble !== undefined) return { kind: 'unsettled', ...trouble, why: 'out of step', inDoubt: false };
  const { interruption } = heard;
  if (interruption !== undefined) return interrupted(interruption, false);
  throw new Error('a recipient was left without an answer');
}

function interrupted({ stage, reason }: NonNullable<Heard['interruption']>, inDoubt: boolean): Answer {
  return { kind: 'interrupted', stage, reason, inDoubt };
}

function outOfStepReply(heard: Heard, finals: FinalReplies): StagedReply | undefined {
  const { odd, stray, closing } = heard;
  if (odd !== undefined) return odd;
  if (stray !== undefined && strayDoubt(stray.reply) === 'out of step') return stray;
  const misplaced = misplacedFinal(finals);
  if (misplaced !== undefined) return { stage: 'dot', reply: misplaced };
  const reply = closing?.reply;
  const isRefusalUnproven = heard.sent === 'nothing' && isContradicted(heard);
  return reply !== undefined && isRefusalUnproven ? { stage: 'RSET', reply } : undefined;
}

/** A server that lost count, or fell silent after some of the final replies. */
function miscountOf({ accepted, finals, interruption }: Heard, all: FinalReplies): Miscount | undefined {
  const isShort = finals.length > 0 && finals.length < accepted.length && !finals.some(isGoodbye);
  const fellSilent = isShort && interruption?.reason === 'timeout';
  if (!fellSilent && misplacedFinal(all) === undefined) return undefined;
  return { replies: finals.length + (all.extra === undefined ? 0 : 1), recipients: accepted.length };
}

function retireReason(heard: Heard, finals: FinalReplies): RetireReason | undefined {
  const { mail, data, accepted, odd, stray, closing, interruption } = heard;
  if (interruption !== undefined) return 'interrupted';
  if (odd !== undefined || misplacedFinal(finals) !== undefined) return 'out of step';
  if (stray !== undefined) return isGoodbye(stray.reply) ? 'closing (421)' : 'out of step';
  if (data !== undefined && careful.goesAhead(data) && (accepted.length === 0 || heard.sent === 'nothing'))
    return 'out of step';
  // What is said to DATA where no recipient was accepted is of no consequence.
  const wanted = accepted.length > 0 ? data : undefined;
  const all = [mail, ...heard.rcpts.map(({ reply }) => reply), wanted, ...heard.finals];
  const replies = all.filter((reply) => reply !== undefined);
  if (replies.some(isGoodbye)) return 'closing (421)';
  const closed = closing === undefined ? undefined : closingReason(closing, heard.sent);
  return closed ?? (replies.some(isProtocolError) ? 'protocol error' : undefined);
}

/** What the RSET that closed a transaction says against its session. */
function closingReason({ reply, behind }: Closing, sent: ContentSent): RetireReason | undefined {
  if (reply === undefined) return 'interrupted';
  if (isGoodbye(reply) || (behind !== undefined && isGoodbye(behind))) return 'closing (421)';
  if (behind !== undefined) return 'out of step';
  if (reply.code === 250) return undefined;
  return sent === 'nothing' ? 'out of step' : 'protocol error';
}
