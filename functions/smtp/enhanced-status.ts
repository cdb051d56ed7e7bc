/**
 * Enhanced mail system status codes, `class.subject.detail` (RFC 3463).
 *
 * Postfix decides by the first digit of this status, after reconciling it with the reply code, not by the reply code itself
 * (smtp_trouble.c). So every reply has a status.
 */

/** The three classes of RFC 3463: success, persistent transient failure, permanent failure. */
export type StatusClass = 2 | 4 | 5;

/** A status such as `4.2.2`. */
export type EnhancedStatus = `${StatusClass}.${number}.${number}`;

const form = /^([245])\.(\d{1,3})\.(\d{1,3})$/;

/** Whether a text has the form of a status (RFC 3463). */
export function isEnhancedStatus(text: string): text is EnhancedStatus {
  return form.test(text);
}

/** Returns the first digit. */
export function statusClass(status: EnhancedStatus): StatusClass {
  return Number(status[0]) as StatusClass;
}

/** Returns the same subject and detail under another class, as for `lmtp_skip_5xx_greeting` and `soft_bounce`. */
export function withClass(status: EnhancedStatus, to: StatusClass): EnhancedStatus {
  return `${to}${status.slice(1)}` as EnhancedStatus;
}

/**
 * Returns the status of a reply: the one in its text if its class fits the reply code, else `X.0.0`.
 *
 * ENHANCEDSTATUSCODES in the LHLO reply does not count (smtp_chat.c:smtp_chat_resp). A code outside 2xx, 4xx and 5xx has no status
 * of its own: it is a protocol error, 5.5.0.
 */
export function reconcileStatus(code: number, textAfterCode: string): EnhancedStatus {
  const leading = Math.floor(code / 100);
  if (leading !== 2 && leading !== 4 && leading !== 5) return '5.5.0';
  const word = /^[ \t]*(\S+)/.exec(textAfterCode)?.[1] ?? '';
  return isEnhancedStatus(word) && statusClass(word) === leading ? word : `${leading}.0.0`;
}
