/**
 * The header fields Content-Type and Content-Transfer-Encoding, as far as the conversion of an entity needs them (RFC 2045 sections
 * 5 and 6, RFC 2046 section 5; Postfix mime_state.c).
 */

import { type HeaderToken, isSpecial, isWord, readHeaderItem } from './mime-header-tokens.ts';

/** The structure of an entity. */
export type EntityKind =
  /** Has parts between boundaries. */
  | 'multipart'
  /** message/rfc822: another message, header first. */
  | 'message'
  /** message/global: the same with UTF-8 headers; it may be encoded as a whole (RFC 6532 section 3.5). */
  | 'global message'
  /** Any other message/*: composite by its name, but not parsed. */
  | 'other message'
  /** Everything else: text, image, application, ... */
  | 'leaf';

/** A Content-Type field. */
export interface ContentType {
  /** `undefined`: a type such as image/png, which changes nothing. */
  readonly kind: EntityKind | undefined;
  /** Values of all boundary parameters, one character for each octet. Only one is legal, but others may delimit parts too. */
  readonly boundaries: readonly string[];
  /** multipart/digest: parts without a type are messages. */
  readonly isDigest: boolean;
}

/** RFC 2045 section 5.1. */
const typeSpecials = '()<>@,;:\\"/[]?=';

/** RFC 822 section 3.3. */
const encodingSpecials = '()<>@,;:\\".[]';

/** Parses the body of a Content-Type field. */
export function readContentType(body: string): ContentType {
  const item = readHeaderItem(body, 0, typeSpecials);
  const tokens = item?.tokens ?? [];
  const [type] = tokens;
  if (item === undefined || type === undefined) return { kind: 'leaf', boundaries: [], isDigest: false };
  if (!isWord(type, 'multipart')) return { kind: simpleKind(tokens), boundaries: [], isDigest: false };
  return {
    kind: 'multipart',
    boundaries: [...readBoundaries(body, item.next)],
    isDigest: hasSubtype(tokens, 'digest'),
  };
}

/** Whether the body of a Content-Transfer-Encoding field announces octets above 127; `undefined` for an unknown encoding. */
export function announces8Bit(body: string): boolean | undefined {
  const [encoding] = readHeaderItem(body, 0, encodingSpecials)?.tokens ?? [];
  if (encoding?.kind !== 'word') return undefined;
  return encodings.get(encoding.text.toLowerCase());
}

/** RFC 2045 section 6.2. The result of an encoding is 7bit. */
const encodings: ReadonlyMap<string, boolean> = new Map([
  ['7bit', false],
  ['8bit', true],
  ['binary', true],
  ['base64', false],
  ['quoted-printable', false],
]);

function simpleKind(tokens: readonly HeaderToken[]): EntityKind | undefined {
  if (isWord(tokens[0], 'text')) return 'leaf';
  if (!isWord(tokens[0], 'message')) return undefined;
  if (hasSubtype(tokens, 'rfc822')) return 'message';
  return hasSubtype(tokens, 'global') ? 'global message' : 'other message';
}

function hasSubtype(tokens: readonly HeaderToken[], subtype: string): boolean {
  return isSpecial(tokens[1], '/') && isWord(tokens[2], subtype);
}

function* readBoundaries(body: string, from: number): Generator<string> {
  let item = readHeaderItem(body, from, typeSpecials);
  while (item !== undefined) {
    const [name, equals, value] = item.tokens;
    if (isWord(name, 'boundary') && isSpecial(equals, '=') && value !== undefined) yield value.text;
    item = readHeaderItem(body, item.next, typeSpecials);
  }
}
