/**
 * The structured part of a Content-* header field, item by item (RFC 822 section 3.3, RFC 2045 section 5.1).
 *
 * As lenient as Postfix's header_token.c: comments may nest and stay open, quotes may stay open, folded lines are joined, and a
 * special may be anywhere. Nothing is an error; invalid text matches nothing.
 */

/** A token: a bare word, a quoted string without its quotes, or a single special or control character. */
export interface HeaderToken {
  readonly kind: 'word' | 'quoted' | 'special';
  readonly text: string;
}

/** The tokens between two semicolons, and the offset of the next item. */
export interface HeaderItem {
  /** The first three tokens; further ones are not needed. */
  readonly tokens: readonly HeaderToken[];
  readonly next: number;
}

const mostTokens = 3;

/**
 * Parses the item that begins at `from`, up to a semicolon.
 *
 * @param text     a field body, one character for each octet, with its line ends
 * @param specials the characters that are separate tokens
 * @returns `undefined` if only blanks and comments are left
 */
export function readHeaderItem(text: string, from: number, specials: string): HeaderItem | undefined {
  const tokens: HeaderToken[] = [];
  let at = from;
  while (at < text.length) {
    const character = text.charAt(at);
    if (character === ';') return { tokens, next: at + 1 };
    if (isWhite(character)) {
      at += 1;
    } else if (character === '(') {
      at = skipComment(text, at + 1);
    } else {
      const token = readToken(text, at, specials);
      if (tokens.length < mostTokens) tokens.push(token);
      at = token.next;
    }
  }
  return tokens.length > 0 ? { tokens, next: at } : undefined;
}

/** Whether a token is this bare word (given in lower case). */
export function isWord(token: HeaderToken | undefined, word: string): boolean {
  return token?.kind === 'word' && token.text.toLowerCase() === word;
}

/** Whether a token is this special. */
export function isSpecial(token: HeaderToken | undefined, special: string): boolean {
  return token?.kind === 'special' && token.text === special;
}

function readToken(text: string, at: number, specials: string): HeaderToken & { readonly next: number } {
  const character = text.charAt(at);
  if (character === '"') return readQuoted(text, at + 1);
  if (breaksWord(character, specials)) return { kind: 'special', text: character, next: at + 1 };
  let end = at + 1;
  while (end < text.length && !breaksWord(text.charAt(end), specials)) end += 1;
  return { kind: 'word', text: text.slice(at, end), next: end };
}

/** Reads after the quote. A fold is removed with the blanks before the line end; those after it stay. */
function readQuoted(text: string, from: number): HeaderToken & { readonly next: number } {
  const pieces: string[] = [];
  let at = from;
  for (; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === '"') break;
    if (character === '\n') {
      while (isWhite(pieces.at(-1) ?? '')) pieces.pop();
    } else if (character === '\\') {
      at += 1;
      pieces.push(text.charAt(at));
    } else {
      pieces.push(character);
    }
  }
  return { kind: 'quoted', text: pieces.join(''), next: Math.min(at + 1, text.length) };
}

/** Returns the offset after the comment. */
function skipComment(text: string, from: number): number {
  let depth = 1;
  let at = from;
  for (; at < text.length && depth > 0; at += 1) {
    const character = text.charAt(at);
    if (character === '(') depth += 1;
    else if (character === ')') depth -= 1;
    else if (character === '\\') at += 1;
  }
  return Math.min(at, text.length);
}

function breaksWord(character: string, specials: string): boolean {
  return specials.includes(character) || character <= '\x1f' || character === '\x7f' || character === ' ';
}

function isWhite(character: string): boolean {
  return character === ' ' || character === '\t' || character === '\r' || character === '\n';
}
