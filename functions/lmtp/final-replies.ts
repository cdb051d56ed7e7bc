/**
 * The assignment of final replies to recipients (RFC 2033 section 4.2: one for each accepted RCPT, in order). Pure.
 *
 * A line too many or too few shifts all later replies, and a recipient would get the verdict of another. So a reply decides about its
 * recipient only if the replies allow no other assignment.
 */

import { withoutTrailing } from '../smtp/ends.ts';
import { isPositive, type Reply } from '../smtp/reply.ts';

/** How the final replies ended. */
export type FinalsEnd =
  /** There was one for each recipient. */
  | 'complete'
  /** The connection was closed or reset before that. */
  | 'lost'
  /** It stayed open, and no further reply arrived in time. */
  | 'silent';

/** The final replies of one transaction. */
export interface FinalReplies {
  /** Addresses of the accepted recipients, in RCPT order. */
  readonly addresses: readonly string[];
  /** In order of arrival. */
  readonly replies: readonly Reply[];
  readonly end: FinalsEnd;
  /** One reply more than recipients, if any. */
  readonly extra?: Reply;
}

/** Returns for each recipient, in RCPT order, whether the reply in its place can be trusted. */
export function trustedFinals({ addresses, replies, end, extra }: FinalReplies): readonly boolean[] {
  const line = extra === undefined ? replies : [...replies, extra];
  const proven = firstFailure(line, isFinal);
  const run = firstFailure(replies, isPositive);
  const goodbye = replies.findIndex(isGoodbye);
  const names = new Names(addresses);
  return addresses.map((_, index) => {
    const reply = replies[index];
    if (reply === undefined || index >= proven || isGoodbye(reply) || names.isOfAnother(reply, index)) return false;
    if (end === 'lost') return goodbye < 0 || index < goodbye;
    if (end === 'silent') return index < run;
    return extra === undefined || saysTheSame(reply, line[index + 1]);
  });
}

/**
 * Returns the reply that shows that the server lost count, if any: one too many, one that is not a final reply, or one that names
 * another recipient. A goodbye is not a loss of count.
 */
export function misplacedFinal({ addresses, replies, extra }: FinalReplies): Reply | undefined {
  const names = new Names(addresses);
  const isOdd = (reply: Reply) => !isGoodbye(reply) && !isFinal(reply);
  return extra ?? replies.find((reply, index) => isOdd(reply) || names.isOfAnother(reply, index));
}

/** Whether a reply can be a final reply: 2xx except 221, 4xx, 5xx, without garbled lines before it. */
export function isFinal({ code, garbled }: Reply): boolean {
  if (garbled) return false;
  return (code >= 200 && code < 300 && code !== 221) || (code >= 400 && code < 600);
}

/** Whether a reply ends the session: 421, or 221 (RFC 5321 sections 3.8 and 4.2.3). */
export function isGoodbye({ code }: Reply): boolean {
  return code === 421 || code === 221;
}

/** The addresses of the accepted recipients, to find in the texts of replies. */
export class Names {
  readonly #own: readonly string[];
  readonly #all: ReadonlySet<string>;

  constructor(addresses: readonly string[]) {
    this.#own = addresses.map((address) => address.toLowerCase());
    this.#all = new Set(this.#own);
  }

  /** Whether a reply's text names another accepted recipient, and not the one at its own place. */
  isOfAnother({ text }: Reply, index: number): boolean {
    const words = text
      .toLowerCase()
      .split(/[\s<>(),;"]+/)
      .map(withoutPunctuation);
    return !words.includes(this.#own[index] ?? '') && words.some((word) => this.#all.has(word));
  }
}

/** Returns a word without the punctuation that may surround an address. */
function withoutPunctuation(word: string): string {
  return withoutTrailing(word.replace(/^['`[]+/, ''), (character) => "'`].:!?".includes(character));
}

function saysTheSame(one: Reply, other: Reply | undefined): boolean {
  return other !== undefined && Math.floor(one.code / 100) === Math.floor(other.code / 100);
}

/** Returns the index of the first failure, or the length if there is none. */
function firstFailure(replies: readonly Reply[], passes: (reply: Reply) => boolean): number {
  const index = replies.findIndex((reply) => !passes(reply));
  return index < 0 ? replies.length : index;
}
