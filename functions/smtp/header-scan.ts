/**
 * The parts of a header that a delivery agent needs.
 */

const LF = 0x0a;
const CR = 0x0d;

/** Returns the offset of the empty line after the header; a message without one is all header. */
export function findBody(octets: Buffer): number {
  let line = 0;
  while (line < octets.length) {
    const end = octets[line] === CR ? line + 1 : line;
    if (octets[end] === LF) return end;
    const newline = octets.indexOf(LF, line);
    if (newline < 0) break;
    line = newline + 1;
  }
  return octets.length;
}

/** Returns the addresses of all Delivered-To fields: earlier deliveries of this message. */
export function deliveredTo(header: Buffer): readonly string[] {
  const text = header.toString('utf8').replaceAll(/\r?\n[ \t]+/g, ' ');
  return [...text.matchAll(/^delivered-to[ \t]*:[ \t]*(\S+)/gim)].map(([, address = '']) => address);
}
