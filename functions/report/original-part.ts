/**
 * The third part of a report: the message itself, or its header (RFC 6522 section 3, RFC 6533 section 5).
 */

import { has8BitOctets } from '../smtp/content-encoder.ts';
import { quoteAddress } from '../smtp/path.ts';
import type { Original } from './original.ts';
import { asciiLine, oneLine } from './text.ts';

/** What the part has to be fit for. */
export interface OriginalStyle {
  /** Whether the whole message is wanted, where it was read. */
  readonly wantsWhole: boolean;
  /** The message is one of SMTPUTF8. */
  readonly isInternational: boolean;
  /** Octets above 127 cannot be sent. */
  readonly isSevenBit: boolean;
}

/** The part: its type, what it is called, and its octets. */
export interface OriginalPart {
  readonly type: 'message/rfc822' | 'message/global' | 'text/rfc822-headers' | 'message/global-headers';
  readonly content: Buffer;
  readonly isWhole: boolean;
}

/** Lines that every mail system takes (RFC 5321 section 4.5.3.1.6, without CRLF). */
const longestLine = 998;

/** Makes the part. It begins with the envelope sender, as a message in a mailbox does. */
export function originalPart(original: Original, sender: string, style: OriginalStyle): OriginalPart {
  const returnPath = `Return-Path: <${returnAddress(sender, style)}>\r\n`;
  if (original.kind === 'gone') {
    const comment = `Comments: the message itself could not be returned: ${asciiLine(original.why)}\r\n`;
    return headers(Buffer.from(returnPath + comment), style);
  }
  const whole = style.wantsWhole ? original.whole : undefined;
  if (whole !== undefined) {
    const content = Buffer.concat([Buffer.from(returnPath), canonical(whole)]);
    // What 7 bits cannot carry has no other encoding inside message/rfc822 (RFC 2046 section 5.2.1): only its header goes.
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

/** Every line ended by CRLF, as mail has it; a CR that ends no line becomes a blank, as where a message is delivered. */
function canonical(octets: Buffer): Buffer {
  const text = octets.toString('latin1').replace(/\r?\n/g, '\n').replaceAll('\r', ' ').replaceAll('\n', '\r\n');
  const ended = text === '' || text.endsWith('\n') ? text : `${text}\r\n`;
  return Buffer.from(ended, 'latin1');
}

/** Whether the octets can stand in a message as they are, whoever carries it. */
export function isPlain(octets: Buffer): boolean {
  if (has8BitOctets(octets) || octets.includes(0)) return false;
  return octets
    .toString('latin1')
    .split('\r\n')
    .every((line) => line.length <= longestLine);
}
