/**
 * What replies have in common, as a sentence in their own words: what differs from one to the next becomes an ellipsis.
 */

import type { SummaryReply } from '../queue/items/queue-entry.ts';
import { trailing } from '../smtp/ends.ts';

/** What replies have in common. */
export interface CommonWords {
  readonly words: readonly string[];
  /** Every reply was cut before its end. */
  readonly isCut: boolean;
  /** Something in it differs from one reply to the next. */
  readonly isVaried: boolean;
}

/** Stands for what differs. */
const ellipsis = '…';

/**
 * Returns the words of a reply that are shown: the server's code and text, or our own text behind its enhanced status; without
 * the command that it answers, and without half a word where the index has cut it.
 */
export function wordsToShow({ dsn, text }: SummaryReply): CommonWords {
  const isCut = text.endsWith('...');
  const [, said] = / said: (\d{3}(?!\d).*)$/s.exec(text) ?? [];
  const whole = withoutCommand(said ?? `${dsn} ${text}`);
  const words = whole.split(/\s+/).filter((word) => word !== '');
  if (!isCut) return { words, isCut, isVaried: false };
  // The last word is cut itself, or is the dots alone.
  const kept = withoutOpenCommand(words.slice(0, -1).join(' '));
  return { words: kept.split(' ').filter((word) => word !== ''), isCut, isVaried: false };
}

/** Removes `(in reply to RCPT TO)`. */
function withoutCommand(text: string): string {
  const at = text.indexOf('(in reply to ');
  const end = at < 0 ? -1 : text.indexOf(')', at);
  return end < 0 ? text : text.slice(0, at).trimEnd() + text.slice(end + 1);
}

/** Removes the beginning of it, where the text was cut. */
function withoutOpenCommand(text: string): string {
  const whole = text.indexOf('(in reply to', text.lastIndexOf(')') + 1);
  const part = ['(in reply', '(in'].find((one) => text.endsWith(one));
  const at = whole >= 0 ? whole : part === undefined ? text.length : text.length - part.length;
  return text.slice(0, at).trimEnd();
}

/** Returns what two have in common. */
export function inCommon(one: CommonWords, other: CommonWords): CommonWords {
  const [a, b] = [one.words, other.words];
  const start = agreeing(a, b);
  const isCut = one.isCut && other.isCut;
  const rest = aligned(a.slice(start), b.slice(start), { a: one.isCut, b: other.isCut });
  const words = withoutRepeats([...a.slice(0, start), ...rest.words]);
  return { words, isCut, isVaried: one.isVaried || other.isVaried || rest.isVaried };
}

/** Returns it as a sentence; an ellipsis at its end says that it was cut. */
export function asSentence({ words, isCut }: CommonWords): string {
  const text = words.join(' ');
  return isCut && !text.endsWith(ellipsis) ? `${text} ${ellipsis}` : text;
}

function agreeing(a: readonly string[], b: readonly string[]): number {
  const end = a.findIndex((word, index) => word !== b[index] || word.includes(ellipsis));
  return end === -1 ? a.length : end;
}

/** Lays two rows of words side by side; whatever lies between words that both have, in their order, is a gap. */
function aligned(
  a: readonly string[],
  b: readonly string[],
  cuts: { readonly a: boolean; readonly b: boolean },
): Pick<CommonWords, 'words' | 'isVaried'> {
  const words: string[] = [];
  let isVaried = false;
  let [i, j] = [0, 0];
  const differ = (untilA: number, untilB: number) => {
    if (untilA === i && untilB === j) return;
    words.push(gap(a.slice(i, untilA), b.slice(j, untilB)));
    isVaried = true;
  };
  for (const [nextA, nextB] of longestCommon(a, b)) {
    differ(nextA, nextB);
    words.push(a[nextA] ?? '');
    [i, j] = [nextA + 1, nextB + 1];
  }
  // What was cut goes on as the other does.
  if (i === a.length && cuts.a) words.push(...b.slice(j));
  else if (j === b.length && cuts.b) words.push(...a.slice(i));
  else differ(a.length, b.length);
  return { words, isVaried };
}

/** What stands for two rows of words that differ: one word for one keeps the brackets and the domain that both have. */
function gap(a: readonly string[], b: readonly string[]): string {
  const [one, other] = [a[0], b[0]];
  const isOneForOne = a.length === 1 && b.length === 1 && one !== undefined && other !== undefined;
  return isOneForOne ? frame(one, other) : ellipsis;
}

function frame(one: string, other: string): string {
  const shared = (partOf: (word: string) => string) => (partOf(one) === partOf(other) ? partOf(one) : '');
  const lead = shared((word) => /^[<("'[{]+/.exec(word)?.[0] ?? '');
  const end = shared(domainAtEnd) || shared(punctuationAtEnd);
  return `${lead}${ellipsis}${end}`;
}

function punctuationAtEnd(word: string): string {
  return trailing(word, (character) => `>)]}"',.:;`.includes(character));
}

/** The domain of an address at the end of a word, with the punctuation behind it. */
function domainAtEnd(word: string): string {
  const end = punctuationAtEnd(word);
  const domain = /@[\p{L}\p{N}.-]+$/u.exec(word.slice(0, word.length - end.length))?.[0];
  return domain === undefined ? '' : domain + end;
}

/** Pairs of places with the same word, in the order of both; as many as there can be. */
function longestCommon(a: readonly string[], b: readonly string[]): readonly (readonly [number, number])[] {
  const width = b.length + 1;
  const most = new Uint16Array((a.length + 1) * width);
  const at = (i: number, j: number) => most[i * width + j] ?? 0;
  const isSame = (i: number, j: number) => a[i] === b[j] && a[i]?.includes(ellipsis) === false;
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      most[i * width + j] = isSame(i, j) ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const pairs: (readonly [number, number])[] = [];
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    if (isSame(i, j)) {
      pairs.push([i, j]);
      [i, j] = [i + 1, j + 1];
    } else if (at(i + 1, j) >= at(i, j + 1)) i += 1;
    else j += 1;
  }
  return pairs;
}

function withoutRepeats(words: readonly string[]): readonly string[] {
  return words.filter((word, index) => word !== ellipsis || words[index - 1] !== ellipsis);
}
