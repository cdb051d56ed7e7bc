/**
 * What replies have in common. Servers put addresses, hosts, numbers and ids into their replies; without these, a thousand
 * replies about a full disk are equal.
 */

import type { SummaryReply } from '../queue/items/queue-entry.ts';
import { withoutTrailing } from '../smtp/ends.ts';

/** The constant part of a reply. */
export interface Fingerprint {
  /** The server's reply code; absent: the text is not a server's. */
  readonly code?: string;
  /** Enhanced status. */
  readonly dsn: string;
  /** Its first words, in lower case, separated by blanks. */
  readonly words: string;
  /** The reply was cut before it had as many words as are kept: a longer reply may continue it. */
  readonly isCut: boolean;
}

/** Words that are kept. */
const mostWords = 8;

/** Returns the fingerprint of a reply as a queue entry stores it. */
export function fingerprintOf({ dsn, text }: SummaryReply): Fingerprint {
  const [, code, said = text] = / said: (\d{3})(?!\d)[ -]?(.*)$/s.exec(text) ?? [];
  const words = wordsOf(said);
  const isCut = text.endsWith('...') && words.length < mostWords;
  const rest = { dsn, words: words.slice(0, mostWords).join(' '), isCut };
  return code === undefined ? rest : { code, ...rest };
}

/** Returns one text for all replies with the same fingerprint. */
export function fingerprintKey({ code, dsn, words }: Pick<Fingerprint, 'code' | 'dsn' | 'words'>): string {
  return [code, dsn, words].filter((part) => part !== undefined && part !== '').join(' ');
}

/** Returns the words of a text without addresses, hosts, numbers and ids. */
export function wordsOf(text: string): readonly string[] {
  return text
    .replace(/\(in reply to [^)]*\)?/, ' ')
    .toLowerCase()
    .split(/\s+/)
    .filter((token) => !token.endsWith('...'))
    .map((token) => withoutTrailing(token.replace(/^[^\p{L}\p{N}@<]+/u, ''), isPunctuation))
    .filter((token) => /^\p{L}[\p{L}\p{M}'’-]*$/u.test(token));
}

function isPunctuation(character: string): boolean {
  return /[^\p{L}\p{N}@>]/u.test(character);
}
