/**
 * The message that a delivery carries, and the content that goes on the wire.
 */

import type { WireContent } from '../session/chat.ts';
import { ContentEncoder, canonicalSize, has8BitOctets } from '../smtp/content-encoder.ts';

/** A message body, wherever it lies. */
export interface Message {
  /**
   * Octets to announce with SIZE=. Exact where `isExact`, else no more than the message really has, so that an
   * announcement never gets a message refused that would have fitted.
   */
  readonly size: number;
  readonly isExact: boolean;
  /** Whether the body has octets above 127; `undefined` where nobody has looked. */
  readonly is8Bit: boolean | undefined;
  /** Whether the header has; such a message needs SMTPUTF8 if it was submitted as one that may. */
  readonly has8BitHeader: boolean;
  /** The octets as stored; may be asked for again by the next host. */
  open(): AsyncIterable<Buffer>;
}

/** What can be said of a message that lies in memory. */
export function inspectContent(octets: Buffer): Omit<Message, 'open'> {
  const bodyStart = findBody(octets);
  return {
    size: canonicalSize(octets),
    isExact: true,
    is8Bit: has8BitOctets(octets.subarray(bodyStart)),
    has8BitHeader: has8BitOctets(octets.subarray(0, bodyStart)),
  };
}

/**
 * What can be said of a message that is too large to be looked into, but for its beginning, which should hold the header.
 * Line ends may add to its size, so that is a lower bound.
 */
export function unseenContent(size: number, beginning: Buffer): Omit<Message, 'open'> {
  const header = beginning.subarray(0, findBody(beginning));
  return { size, isExact: false, is8Bit: undefined, has8BitHeader: has8BitOctets(header) };
}

/** Octets at the beginning of a large message that are looked into. */
export const beginningOctets = 64 * 1024;

/** Where the empty line behind the header begins; a message without one is all header. */
function findBody(octets: Buffer): number {
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

const LF = 0x0a;
const CR = 0x0d;

/** What guards the content on its way out. */
export interface Gate {
  /** A session is ready and the envelope goes out: content may follow soon. */
  prepare(): void;
  /** Waits for the claim; throws what makes sending impossible. */
  admit(): Promise<void>;
  /** Whether the claim still holds. */
  mayGoOn(): boolean;
}

/** No claim is needed: the command line works for itself. */
export const openGate: Gate = { prepare: () => {}, admit: async () => {}, mayGoOn: () => true };

/** Prepares a message for the wire. */
export function wireContent(message: Message, gate: Gate, lineLimit: number): WireContent {
  return {
    admit: () => gate.admit(),
    mayGoOn: () => gate.mayGoOn(),
    async *chunks() {
      const encoder = new ContentEncoder({ lineLimit });
      for await (const chunk of message.open()) yield encoder.push(chunk);
      yield encoder.end();
    },
  };
}
