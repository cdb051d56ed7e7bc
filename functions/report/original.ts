/**
 * The message that a report is about: what is read of it, and what its header says.
 */

import type { PinnedMessage } from '../queue/items/item.ts';
import { type Bodies, BodyFault } from '../queue/items/ports.ts';
import { findBody } from '../smtp/header-scan.ts';

/** What could be read. */
export type Original =
  | {
      readonly kind: 'read';
      readonly header: Buffer;
      /** The message with its header; absent where it is larger than wanted. */
      readonly whole?: Buffer;
    }
  /** It is gone, or no longer what it was. */
  | { readonly kind: 'gone'; readonly why: string };

/** Octets of a header that are read; what is longer is cut at a line end (Postfix header_size_limit). */
const headerOctets = 102_400;

/**
 * Reads the header, and the whole message where it is no larger than `limit` octets. What may pass is thrown as it comes.
 */
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

/** A header that goes on past what is read ends with its last whole line. */
function cutHeader(octets: Buffer): Buffer {
  const header = octets.subarray(0, Math.min(findBody(octets), headerOctets));
  return header.length < headerOctets ? header : header.subarray(0, header.lastIndexOf('\n') + 1);
}

/** The field that our own reports bear, so that they are known again, whatever envelope they came back with. */
export const reportField = 'X-Lambda-LMTP-Report';

/**
 * Whether a message is a report itself. Ours have the null sender, but one that went out through Amazon SES comes back with
 * an envelope sender of SES's.
 */
export function isReport(header: Buffer): boolean {
  const text = unfold(header);
  if (new RegExp(`^${reportField}[ \\t]*:`, 'im').test(text)) return true;
  return /^content-type[ \t]*:[ \t]*multipart\/report\b[^\n]*\breport-type[ \t]*=[ \t]*"?(?:global-)?delivery-status/im.test(
    text,
  );
}

/** The message's own id, for reports that refer to it; none where it is not one that could stand in a header. */
export function messageIdOf(header: Buffer): string | undefined {
  return /^message-id[ \t]*:[ \t]*(<[\x21-\x3b=\x3f-\x7e]{1,900}>)[ \t]*$/im.exec(unfold(header))?.[1];
}

function unfold(header: Buffer): string {
  return header
    .toString('latin1')
    .replace(/\r\n?/g, '\n')
    .replace(/\n[ \t]+/g, ' ');
}
