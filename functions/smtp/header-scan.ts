/**
 * A look into a message's header: only as much as a delivery agent has to see.
 */

const LF = 0x0a;
const CR = 0x0d;

/** Where the empty line behind the header begins; a message without one is all header. */
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

/** The addresses of all Delivered-To fields: where this message has been already. */
export function deliveredTo(header: Buffer): readonly string[] {
  const text = header.toString('utf8').replaceAll(/\r?\n[ \t]+/g, ' ');
  return [...text.matchAll(/^delivered-to[ \t]*:[ \t]*(\S+)/gim)].map(([, address = '']) => address);
}
