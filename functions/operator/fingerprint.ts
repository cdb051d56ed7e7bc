/**
 * What replies have in common. A server puts addresses, hosts, numbers and ids into what it says; without them, a thousand
 * replies of a full disk are one.
 */

import type { SummaryReply } from '../queue/items/queue-entry.ts';

/** What remains of a reply. */
export interface Fingerprint {
  /** The server's reply code; absent: the words are ours. */
  readonly code?: string;
  /** Enhanced status. */
  readonly dsn: string;
  /** The first of its words, in lower case, parted by blanks. */
  readonly words: string;
  /** The reply was cut before it had as many words as are kept: others may go on where it ends. */
  readonly isCut: boolean;
}

/** Words that are kept. */
const mostWords = 8;

/** The fingerprint of a reply as an entry of the queue has it. */
export function fingerprintOf({ dsn, text }: SummaryReply): Fingerprint {
  const [, code, said = text] = / said: (\d{3})(?!\d)[ -]?(.*)$/s.exec(text) ?? [];
  const words = wordsOf(said);
  const isCut = text.endsWith('...') && words.length < mostWords;
  const rest = { dsn, words: words.slice(0, mostWords).join(' '), isCut };
  return code === undefined ? rest : { code, ...rest };
}

/** One text for replies with the same fingerprint. */
export function fingerprintKey({ code, dsn, words }: Pick<Fingerprint, 'code' | 'dsn' | 'words'>): string {
  return [code, dsn, words].filter((part) => part !== undefined && part !== '').join(' ');
}

/** The words of a text that do not depend on whom or what it speaks of. */
export function wordsOf(text: string): readonly string[] {
  return text
    .replace(/\(in reply to [^)]*\)?/, ' ')
    .toLowerCase()
    .split(/\s+/)
    .filter((token) => !token.endsWith('...'))
    .map((token) => token.replace(/^[^\p{L}\p{N}@<]+|[^\p{L}\p{N}@>]+$/gu, ''))
    .filter((token) => /^\p{L}[\p{L}\p{M}'’-]*$/u.test(token));
}
