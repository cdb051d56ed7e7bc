/**
 * Reads the message that a report is about, and its header.
 */

import type { PinnedMessage } from '../queue/items/item.ts';
import { type Bodies, BodyFault } from '../queue/items/ports.ts';
import { findBody } from '../smtp/header-scan.ts';

/** The result of reading. */
export type Original =
  | {
      readonly kind: 'read';
      readonly header: Buffer;
      /** The message with its header; absent if it is larger than the limit. */
      readonly whole?: Buffer;
    }
  /** It does not exist, or was altered. */
  | { readonly kind: 'gone'; readonly why: string };

/** Octets of a header that are read; a longer one is cut at a line end (Postfix header_size_limit). */
const headerOctets = 102_400;

/** Reads the header, and the whole message if it has at most `limit` octets. Throws temporary errors. */
export async function readOriginal(message: PinnedMessage, limit: number, bodies: Bodies): Promise<Original> {
  const wantsWhole = message.size <= limit;
  try {
    const octets = await readBeginning(message, wantsWhole ? Number.POSITIVE_INFINITY : headerOctets, bodies);
    const header = cutHeader(octets);
    return wantsWhole ? { kind: 'read', header, whole: octets } : { kind: 'read', header };
  } catch (error) {
    if (error instanceof BodyFault) return { kind: 'gone', why: error.message };
    throw error;
  }
}

async function readBeginning(message: PinnedMessage, wanted: number, bodies: Bodies): Promise<Buffer> {
  const { open } = await bodies.load(message);
  const chunks: Buffer[] = [];
  let octets = 0;
  for await (const chunk of open()) {
    chunks.push(chunk);
    octets += chunk.length;
    if (octets >= wanted) break;
  }
  return Buffer.concat(chunks).subarray(0, Math.min(octets, wanted));
}

/** Cuts a header that is longer than what was read after its last whole line. */
function cutHeader(octets: Buffer): Buffer {
  const header = octets.subarray(0, Math.min(findBody(octets), headerOctets));
  return header.length < headerOctets ? header : header.subarray(0, header.lastIndexOf('\n') + 1);
}

/** A field in the stack's own reports, which identifies them with any envelope. */
export const reportField = 'X-Lambda-LMTP-Report';

/** Whether a message is itself a report. The stack's reports have the null sender, but SES replaces it. */
export function isReport(header: Buffer): boolean {
  const text = unfold(header);
  if (new RegExp(`^${reportField}[ \\t]*:`, 'im').test(text)) return true;
  return /^content-type[ \t]*:[ \t]*multipart\/report\b[^\r\n]*\breport-type[ \t]*=[ \t]*"?(?:global-)?delivery-status/im.test(
    text,
  );
}

/** Returns the Message-ID, for reports that refer to it; undefined if it is not valid in a header. */
export function messageIdOf(header: Buffer): string | undefined {
  return /^message-id[ \t]*:[ \t]*(<[\x21-\x3b=\x3f-\x7e]{1,900}>)[ \t]*$/im.exec(unfold(header))?.[1];
}

function unfold(header: Buffer): string {
  return header
    .toString('latin1')
    .replace(/\r\n?/g, '\n')
    .replace(/\n[ \t]+/g, ' ');
}
