/**
 * The message that a delivery carries, and the content that goes on the wire.
 */

import type { WireContent } from '../session/chat.ts';
import { ContentEncoder } from '../smtp/content-encoder.ts';

/** A message body, wherever it lies. */
export interface Message {
  /**
   * Octets to announce with SIZE=. Exact where `isExact`, else no more than the message really has, so that an
   * announcement never gets a message refused that would have fitted.
   */
  readonly size: number;
  readonly isExact: boolean;
  /** Whether it has octets above 127; `undefined` where nobody has looked. */
  readonly is8Bit: boolean | undefined;
  /** The octets as stored; may be asked for again by the next host. */
  open(): AsyncIterable<Buffer>;
}

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
