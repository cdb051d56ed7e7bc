/**
 * The third part of a report: the message itself, or its header (RFC 6522 section 3, RFC 6533 section 5).
 */

import { has8BitOctets } from '../smtp/content-encoder.ts';
import { quoteAddress } from '../smtp/path.ts';
import type { Original } from './original.ts';
import { asciiLine, oneLine } from './text.ts';

/** Requirements of the part. */
export interface OriginalStyle {
  /** Whether the whole message is wanted, if it was read. */
  readonly wantsWhole: boolean;
  /** Whether the message needs SMTPUTF8. */
  readonly isInternational: boolean;
  /** Octets above 127 cannot be sent. */
  readonly isSevenBit: boolean;
}

/** The part: its type and octets. */
export interface OriginalPart {
  readonly type: 'message/rfc822' | 'message/global' | 'text/rfc822-headers' | 'message/global-headers';
  readonly content: Buffer;
  readonly isWhole: boolean;
}

/** Octets of a line that every mail system accepts (RFC 5321 section 4.5.3.1.6, without CRLF). */
const longestLine = 998;

/** Returns the part. It begins with the envelope sender, as in a mailbox. */
export function originalPart(original: Original, sender: string, style: OriginalStyle): OriginalPart {
  const returnPath = `Return-Path: <${returnAddress(sender, style)}>\r\n`;
  if (original.kind === 'gone') {
    const comment = `Comments: the message itself could not be returned: ${asciiLine(original.why)}\r\n`;
    return headers(Buffer.from(returnPath + comment), style);
  }
  const whole = style.wantsWhole ? original.whole : undefined;
  if (whole !== undefined) {
    const content = Buffer.concat([Buffer.from(returnPath), canonical(whole)]);
    // Inside message/rfc822 no encoding is allowed (RFC 2046 section 5.2.1). If 7 bits do not suffice, only the header
    // is returned.
    if (!style.isSevenBit || isPlain(content)) {
      return { type: style.isInternational ? 'message/global' : 'message/rfc822', content, isWhole: true };
    }
  }
  return headers(Buffer.concat([Buffer.from(returnPath), canonical(original.header)]), style);
}

function headers(content: Buffer, { isInternational, isSevenBit }: OriginalStyle): OriginalPart {
  const isGlobal = isInternational && !isSevenBit;
  return { type: isGlobal ? 'message/global-headers' : 'text/rfc822-headers', content, isWhole: false };
}

function returnAddress(sender: string, { isInternational, isSevenBit }: OriginalStyle): string {
  const quoted = quoteAddress(sender);
  return isInternational && !isSevenBit ? oneLine(quoted) : asciiLine(quoted);
}

/** Ends each line with CRLF; a CR elsewhere becomes a blank, as in a delivery. */
function canonical(octets: Buffer): Buffer {
  const text = octets.toString('latin1').replace(/\r?\n/g, '\n').replaceAll('\r', ' ').replaceAll('\n', '\r\n');
  const ended = text === '' || text.endsWith('\n') ? text : `${text}\r\n`;
  return Buffer.from(ended, 'latin1');
}

/** Whether the octets need no encoding in any message. */
export function isPlain(octets: Buffer): boolean {
  if (has8BitOctets(octets) || octets.includes(0)) return false;
  return octets
    .toString('latin1')
    .split('\r\n')
    .every((line) => line.length <= longestLine);
}
