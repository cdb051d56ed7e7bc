/** What a server received between DATA's 354 and the final dot: the mail, and its octets on the wire. */
import { createHash } from 'node:crypto';

/** Contents up to this many octets are kept whole in the transcript. */
const longestKept = 4096;

const cr = 13;
const lf = 10;
const dot = 46;

/** The facts about a complete content. All but `wire_sha256` are about the mail after un-dot-stuffing. */
export interface ContentFacts {
  readonly complete: true;
  readonly bytes: number;
  readonly sha256: string;
  /** Of the octets on the wire, without the final dot line. */
  readonly wire_sha256: string;
  readonly dot_stuffed_lines: number;
  /** CR octets that no LF follows. */
  readonly bare_cr: number;
  /** LF octets that no CR precedes. */
  readonly bare_lf: number;
  readonly nul: number;
  readonly octets_over_127: number;
  /** In octets, without the line end. */
  readonly longest_line: number;
  readonly ends_with_crlf: boolean;
  /** The mail itself, up to 4 KiB. */
  readonly base64?: string;
}

/** How much of a broken content arrives is random, so it has no other facts. */
export interface IncompleteContent {
  readonly complete: false;
}

export type ContentRecord = ContentFacts | IncompleteContent;

/** Removes the dots that the client put before its own (RFC 5321 section 4.5.2). */
export function unstuff(wire: Buffer): { readonly mail: Buffer; readonly stuffedLines: number } {
  const parts: Buffer[] = [];
  let from = wire[0] === dot ? 1 : 0;
  let stuffedLines = from;
  for (let at = wire.indexOf('\r\n.'); at >= 0; at = wire.indexOf('\r\n.', at + 2)) {
    parts.push(wire.subarray(from, at + 2));
    from = at + 3;
    stuffedLines++;
  }
  parts.push(wire.subarray(from));
  return { mail: Buffer.concat(parts), stuffedLines };
}

/** Describes a content as the transcript shows it. */
export function describeContent(wire: Buffer): ContentFacts {
  const { mail, stuffedLines } = unstuff(wire);
  return {
    complete: true,
    bytes: mail.length,
    sha256: sha256(mail),
    wire_sha256: sha256(wire),
    dot_stuffed_lines: stuffedLines,
    ...countOctets(mail),
    longest_line: longestLine(mail),
    ends_with_crlf: mail.length === 0 || mail.subarray(-2).equals(Buffer.from('\r\n')),
    ...(mail.length <= longestKept && { base64: mail.toString('base64') }),
  };
}

function countOctets(mail: Buffer): Pick<ContentFacts, 'bare_cr' | 'bare_lf' | 'nul' | 'octets_over_127'> {
  const counts = { bare_cr: 0, bare_lf: 0, nul: 0, octets_over_127: 0 };
  let before = 0;
  for (const octet of mail) {
    if (octet === 0) counts.nul++;
    if (octet > 127) counts.octets_over_127++;
    if (octet === lf && before !== cr) counts.bare_lf++;
    if (octet !== lf && before === cr) counts.bare_cr++;
    before = octet;
  }
  if (before === cr) counts.bare_cr++;
  return counts;
}

function longestLine(mail: Buffer): number {
  let longest = 0;
  let start = 0;
  for (let end = mail.indexOf(lf); end >= 0; end = mail.indexOf(lf, start)) {
    longest = Math.max(longest, end - start - (mail[end - 1] === cr ? 1 : 0));
    start = end + 1;
  }
  return Math.max(longest, mail.length - start);
}

function sha256(octets: Buffer): string {
  return createHash('sha256').update(octets).digest('hex');
}
