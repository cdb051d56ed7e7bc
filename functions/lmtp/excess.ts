/**
 * "Too many recipients": a server with a limit refuses the recipients beyond it, which concerns the transaction, not the recipient
 * (RFC 5321 section 4.5.3.1.10). They get another transaction on the same session.
 */

import { isPositive, type Reply } from '../smtp/reply.ts';

/** A reply to one RCPT. */
export interface RcptReply {
  /** Index of the recipient in the envelope. */
  readonly index: number;
  readonly reply: Reply;
}

/**
 * Returns the replies that mean "too many": 4.5.3; 552 with 5.5.3; or 452 without a status, if a recipient was accepted and all
 * after it got 452. A 452 4.2.2 is a full mailbox. Without an accepted recipient, none was too many.
 */
export function findExcess(replies: readonly RcptReply[]): readonly RcptReply[] {
  if (!replies.some(({ reply }) => isPositive(reply))) return [];
  const lastAccepted = replies.findLastIndex(({ reply }) => isPositive(reply));
  const behind = replies.slice(lastAccepted + 1);
  const isTail = behind.length > 0 && behind.every(({ reply }) => reply.code === 452);
  return replies.filter(({ reply }, place) => isExplicit(reply) || (isTail && place > lastAccepted && isBare(reply)));
}

function isExplicit({ code, status }: Reply): boolean {
  return (code >= 400 && code < 500 && status === '4.5.3') || (code === 552 && status === '5.5.3');
}

/** Whether a 452 has no status: it was reconciled to the class alone. */
function isBare({ code, status }: Reply): boolean {
  return code === 452 && status === '4.0.0';
}
