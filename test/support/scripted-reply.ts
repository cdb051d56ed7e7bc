/**
 * One scripted reply, as octets.
 */
import type { DetailedReply, SingleReply } from './server-script.ts';

/** A reply that is ready to be sent. */
export interface PreparedReply {
  readonly octets: Buffer;
  /** The first three octets of the last line if they are digits, else 0: it alone decides what the server does next. */
  readonly code: number;
}

/** A reply in its long form. */
export function detailed(reply: SingleReply): DetailedReply {
  return typeof reply === 'string' || isList(reply) ? { reply } : reply;
}

// Array.isArray does not narrow readonly arrays.
function isList(reply: SingleReply): reply is readonly string[] {
  return Array.isArray(reply);
}

/** Makes the octets of a reply, and reads its code back from them. */
export function prepareReply(reply: DetailedReply): PreparedReply {
  const octets = padded(octetsOf(reply), reply);
  const lastLine = octets.toString('latin1').split('\n').filter(Boolean).at(-1) ?? '';
  return { octets, code: Number(/^\d{3}/.exec(lastLine)?.[0] ?? 0) };
}

function octetsOf({ reply, raw, raw_base64, eol = '\r\n' }: DetailedReply): Buffer {
  if (raw_base64 !== undefined) return Buffer.from(raw_base64, 'base64');
  if (raw !== undefined) return Buffer.from(raw);
  if (reply === undefined) return Buffer.alloc(0);
  const lines = typeof reply === 'string' ? [reply] : reply;
  return Buffer.from(lines.map((line) => line + eol).join(''));
}

function padded(octets: Buffer, { pad_to, eol = '\r\n' }: DetailedReply): Buffer {
  if (!pad_to) return octets;
  const line = octets.subarray(0, octets.length - eol.length);
  return Buffer.concat([line, Buffer.from('x'.repeat(Math.max(0, pad_to - line.length)) + eol)]);
}
