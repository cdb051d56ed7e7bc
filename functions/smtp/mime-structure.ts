/**
 * The current position in the structure of a MIME message, line by line (RFC 2046 section 5.1; Postfix mime_state.c).
 *
 * It accepts what senders really write: an outer boundary closes every multipart inside, text after a boundary is ignored, and a
 * header may end with a line of text.
 */

import { announces8Bit, type EntityKind, readContentType } from './mime-content-headers.ts';

/** The part of the message that contains the next line. */
export type Place = 'message header' | 'inner header' | 'body';

/** Limits by their Postfix names. */
export interface StructureLimits {
  /** mime_nesting_limit. */
  readonly nestingLimit: number;
  /** mime_boundary_length_limit: octets of a boundary that are compared. */
  readonly boundaryLengthLimit: number;
}

/** An open multipart. */
interface Enclosure {
  readonly boundary: Buffer;
  /** The kind of parts without a type. */
  readonly partKind: EntityKind;
}

const DASH = 0x2d;

/** Takes header fields, ends of headers and lines with dashes, and has the properties of the current entity. */
export class MimeStructure {
  readonly #limits: StructureLimits;
  /** Innermost last. */
  readonly #enclosures: Enclosure[] = [];
  #place: Place = 'message header';
  #kind: EntityKind = 'leaf';
  #is8Bit = false;
  #isTooDeep = false;

  /** @param limits the bounds of memory */
  constructor(limits: StructureLimits) {
    this.#limits = limits;
  }

  get place(): Place {
    return this.#place;
  }

  /** Whether the entity declares itself 8bit or binary. */
  get is8Bit(): boolean {
    return this.#is8Bit;
  }

  /** Whether a boundary may follow. */
  get isEnclosed(): boolean {
    return this.#enclosures.length > 0;
  }

  /** Whether the nesting is deeper than mime_nesting_limit. */
  get isTooDeep(): boolean {
    return this.#isTooDeep;
  }

  /** Whether the entity contains others, and so has no encoding of its own (RFC 2045 section 6.4). */
  get isComposite(): boolean {
    return this.#kind === 'multipart' || this.#kind === 'message' || this.#kind === 'other message';
  }

  /** Takes the body of a Content-Type field. */
  takeType(body: string): void {
    const { kind, boundaries, isDigest } = readContentType(body);
    if (kind !== undefined) this.#kind = kind;
    for (const boundary of boundaries) this.#enclose(boundary, isDigest ? 'message' : 'leaf');
  }

  /** Takes the body of a Content-Transfer-Encoding field. An unknown encoding changes nothing. */
  takeEncoding(body: string): void {
    this.#is8Bit = announces8Bit(body) ?? this.#is8Bit;
  }

  /**
   * Takes the end of a header.
   *
   * @param byEmptyLine false: a line that is not a header field ended it, and a body follows
   */
  endHeader(byEmptyLine: boolean): void {
    const { place, kind, is8Bit } = this.#afterHeader();
    this.#place = byEmptyLine ? place : 'body';
    if (!byEmptyLine) return;
    this.#kind = kind;
    this.#is8Bit = is8Bit;
  }

  /** Takes a line outside headers. A boundary ends all parts inside its multipart. */
  takeLine(text: Buffer): void {
    if (text.length <= 2 || text[0] !== DASH || text[1] !== DASH) return;
    const found = this.#enclosures.findLastIndex(({ boundary }) => isAt(text, 2, boundary));
    const enclosure = this.#enclosures[found];
    if (enclosure === undefined) return;
    const behind = 2 + enclosure.boundary.length;
    const isLast = text[behind] === DASH && text[behind + 1] === DASH;
    this.#enclosures.length = isLast ? found : found + 1;
    this.#place = isLast ? 'body' : 'inner header';
    this.#kind = isLast ? 'leaf' : enclosure.partKind;
    this.#is8Bit = false;
  }

  /** Returns what follows a header: another header, text before the first boundary, or a body. */
  #afterHeader(): { readonly place: Place; readonly kind: EntityKind; readonly is8Bit: boolean } {
    switch (this.#kind) {
      case 'message':
        return { place: 'inner header', kind: 'leaf', is8Bit: false };
      case 'global message':
        // A converted one is converted whole.
        if (this.#is8Bit) break;
        return { place: 'inner header', kind: 'leaf', is8Bit: false };
      case 'multipart':
        return { place: 'body', kind: 'leaf', is8Bit: false };
      case 'other message':
      case 'leaf':
        break;
    }
    return { place: 'body', kind: this.#kind, is8Bit: this.#is8Bit };
  }

  #enclose(boundary: string, partKind: EntityKind): void {
    // Postfix counts from -1 and allows the limit itself (mime_state_content_type).
    if (this.#enclosures.length > this.#limits.nestingLimit + 1) {
      this.#isTooDeep = true;
      return;
    }
    const octets = Buffer.from(boundary, 'latin1').subarray(0, this.#limits.boundaryLengthLimit);
    this.#enclosures.push({ boundary: Buffer.from(octets), partKind });
  }
}

function isAt(text: Buffer, at: number, wanted: Buffer): boolean {
  return text.length >= at + wanted.length && text.compare(wanted, 0, wanted.length, at, at + wanted.length) === 0;
}
