/**
 * Postfix's rules, for comparison (strict_postfix_verdicts=yes): each reply is trusted where it is read, and any 2xx or 3xx counts as
 * the expected one (smtp_proto.c:smtp_loop).
 */

import { isIntermediate, isPositive, isProtocolError, type Reply } from '../smtp/reply.ts';
import type { Answer } from './dialogue.ts';
import type { ReplyRules, RetireReason, TransactionOutcome, TransactionRecord } from './transaction-record.ts';

/** Postfix's rules. */
export const postfixRules: ReplyRules = {
  accepts: isPositive,
  goesAhead: isIntermediate,
  isOdd: () => false,
  proves: false,
  confirmations: 0,
  readsOn: () => true,
  read,
};

function read(record: TransactionRecord): TransactionOutcome {
  const { recipients, accepted, finals, sent, interruption } = record;
  const retire = retireReason(record);
  const places = new Map(accepted.map((index, place) => [index, place]));
  const rcpts = new Map(record.rcpts.map(({ index, reply }) => [index, reply]));
  const outcome = {
    answers: recipients.map((_, index) => answerOf(record, places, rcpts, index)),
    completed: sent === 'all' && finals.length === accepted.length && retire === undefined,
    isReset: false,
    sent,
  };
  return {
    ...outcome,
    ...(retire === undefined ? {} : { retire }),
    ...(interruption === undefined ? {} : { interruption }),
  };
}

function answerOf(
  { mail, data, finals, interruption }: TransactionRecord,
  places: ReadonlyMap<number, number>,
  rcpts: ReadonlyMap<number, Reply>,
  index: number,
): Answer {
  if (mail !== undefined && !isPositive(mail)) return { kind: 'reply', stage: 'MAIL', reply: mail };
  const place = places.get(index);
  const refusal = rcpts.get(index);
  if (place === undefined && refusal !== undefined) return { kind: 'reply', stage: 'RCPT', reply: refusal };
  const reply = place === undefined ? undefined : finals[place];
  if (reply !== undefined && place !== undefined) return { kind: 'reply', stage: 'dot', reply, nth: place };
  if (data !== undefined && !isIntermediate(data) && interruption === undefined)
    return { kind: 'reply', stage: 'DATA', reply: data };
  if (interruption === undefined) throw new Error('a recipient was left without an answer');
  const { stage, reason } = interruption;
  return { kind: 'interrupted', stage, reason, inDoubt: stage === 'dot' };
}

function retireReason({
  mail,
  rcpts,
  accepted,
  data,
  finals,
  interruption,
}: TransactionRecord): RetireReason | undefined {
  if (interruption !== undefined) return 'interrupted';
  const isRefused = mail !== undefined && !isPositive(mail);
  const isWanted = data !== undefined && isIntermediate(data);
  if (isWanted && (isRefused || accepted.length === 0)) return 'protocol error';
  if (data !== undefined && isPositive(data) && accepted.length > 0 && !isRefused) return 'out of step';
  const replies = [...(mail === undefined ? [] : [mail]), ...finals];
  if (!isRefused) replies.push(...rcpts.map(({ reply }) => reply));
  if (!isRefused && accepted.length > 0 && data !== undefined) replies.push(data);
  return replies.some(isProtocolError) ? 'protocol error' : undefined;
}
