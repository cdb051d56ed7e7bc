/**
 * Lines of a header, parsed as in Postfix (is_header.c, header_opts.c).
 */

/** The header fields that decide about conversion. */
export type FieldRole = 'type' | 'encoding' | 'other';

const roles: ReadonlyMap<string, FieldRole> = new Map([
  ['content-type', 'type'],
  ['content-transfer-encoding', 'encoding'],
]);

const BLANK = 0x20;
const TAB = 0x09;
const COLON = 0x3a;
const DEL = 0x7f;

/** The beginning of a header field. */
export interface FieldStart {
  readonly role: FieldRole;
  /** Octets of the name. */
  readonly nameLength: number;
  /** Offset of the colon; blanks may precede it (RFC 5322 section 4.5). */
  readonly colon: number;
}

/** Parses the first line of a header field; `undefined` for any other line. */
export function readFieldStart(line: Buffer): FieldStart | undefined {
  let nameLength = 0;
  while (isNameOctet(line[nameLength])) nameLength += 1;
  let colon = nameLength;
  while (isBlank(line[colon])) colon += 1;
  if (nameLength === 0 || line[colon] !== COLON) return undefined;
  const name = line.toString('latin1', 0, nameLength).toLowerCase();
  return { role: roles.get(name) ?? 'other', nameLength, colon };
}

/** Whether an octet is a blank or TAB, as at the beginning of a line that continues a field. */
export function isBlank(octet: number | undefined): boolean {
  return octet === BLANK || octet === TAB;
}

/** RFC 5322 section 3.6.8: printable ASCII except the colon. */
function isNameOctet(octet: number | undefined): boolean {
  return octet !== undefined && octet > BLANK && octet < DEL && octet !== COLON;
}

/** A field that is collected up to a limit. */
export class KeptField {
  readonly role: FieldRole;
  readonly #limit: number;
  readonly #bodyAt: number;
  #octets: Buffer = Buffer.alloc(0);
  #length = 0;

  /**
   * @param start its beginning, without blanks before the colon
   * @param limit header_size_limit, in octets
   */
  constructor({ role, nameLength }: FieldStart, limit: number) {
    this.role = role;
    this.#bodyAt = nameLength + 1;
    this.#limit = limit;
  }

  /** Adds octets, up to the limit. */
  add(octets: Buffer): void {
    const wanted = Math.min(this.#length + octets.length, this.#limit);
    if (wanted > this.#octets.length) this.#grow(wanted);
    this.#length += octets.copy(this.#octets, this.#length, 0, wanted - this.#length);
  }

  /** The text after the colon, one character for each octet, with LF at folds; up to the first NUL, as in Postfix. */
  get body(): string {
    const [body = ''] = this.octets.toString('latin1', this.#bodyAt).split('\0', 1);
    return body.replaceAll('\r\n', '\n').replace(/\n$/, '');
  }

  /** The collected field. */
  get octets(): Buffer {
    return this.#octets.subarray(0, this.#length);
  }

  #grow(wanted: number): void {
    const larger = Buffer.allocUnsafe(Math.min(Math.max(wanted, 2 * this.#octets.length), this.#limit));
    this.#octets.copy(larger, 0, 0, this.#length);
    this.#octets = larger;
  }
}
