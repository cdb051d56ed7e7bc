/**
 * The message of a delivery, and its content for the wire.
 */

import type { WireContent } from '../session/chat.ts';
import { ContentEncoder, canonicalSize, has8BitOctets } from '../smtp/content-encoder.ts';
import { deliveredTo, findBody } from '../smtp/header-scan.ts';
import { type CleanupRules, cleanContent, MessageCleanup, postfixCleanup } from '../smtp/message-cleanup.ts';
import { MimeDowngrader, type MimeFault, type MimeLimits } from '../smtp/mime-downgrade.ts';

/** A stored message. */
export interface Message {
  /**
   * Octets to announce with SIZE=. Exact if `isExact`, else a lower bound, so that a server never refuses a message that would have
   * fitted.
   */
  readonly size: number;
  readonly isExact: boolean;
  /**
   * Whether the body has octets above 127; `undefined` until they are seen: those of a large message when it is sent for the first
   * time.
   */
  readonly is8Bit: boolean | undefined;
  /** Whether the header has octets above 127; such a message needs SMTPUTF8 if it was submitted with it. */
  readonly has8BitHeader: boolean;
  /** Addresses of its Delivered-To fields: earlier deliveries. */
  readonly deliveredTo: readonly string[];
  /** Returns the octets as cleanup(8) leaves them; the next host may read them again. */
  open(): AsyncIterable<Buffer>;
}

/** Returns the properties of a message in memory. */
export function inspectContent(octets: Buffer): Omit<Message, 'open'> {
  const bodyStart = findBody(octets);
  return {
    size: canonicalSize(octets),
    isExact: true,
    is8Bit: has8BitOctets(octets.subarray(bodyStart)),
    ...inspectHeader(octets.subarray(0, bodyStart)),
  };
}

function inspectHeader(header: Buffer): Pick<Message, 'has8BitHeader' | 'deliveredTo'> {
  return { has8BitHeader: has8BitOctets(header), deliveredTo: deliveredTo(header) };
}

/**
 * Returns the properties of a message that is too large to inspect, from its beginning, which should contain the header. Line ends may
 * add to its size, so the size is a lower bound.
 */
export function unseenContent(size: number, beginning: Buffer): Omit<Message, 'open'> {
  const header = beginning.subarray(0, findBody(beginning));
  return { size, isExact: false, is8Bit: undefined, ...inspectHeader(header) };
}

/** The largest body in memory, in octets; its exact size and its 8-bit octets are known before MAIL. */
export const inMemoryLimit = 1024 * 1024;

/** Returns the message for content in memory, as cleanup(8) leaves it. */
export function messageInMemory(content: Buffer, rules: CleanupRules = postfixCleanup): Message {
  const cleaned = cleanContent(content, rules);
  return {
    ...inspectContent(cleaned),
    async *open() {
      yield cleaned;
    },
  };
}

/** Content that is too large for memory. */
export interface LargeContent {
  /** Octets as stored. */
  readonly size: number;
  /** Its first {@link beginningOctets}. */
  readonly beginning: Buffer;
  /** Returns the stored octets. */
  open(): AsyncIterable<Buffer>;
}

/** Returns the message for large content, which is cleaned while it is read. */
export function streamedMessage(
  { size, beginning, open }: LargeContent,
  rules: CleanupRules = postfixCleanup,
): Message {
  const cleaned = cleanContent(beginning, rules);
  const removed = Math.max(0, beginning.length - cleaned.length);
  let is8Bit: boolean | undefined;
  const watch = (found: boolean) => {
    is8Bit = found;
  };
  return {
    ...unseenContent(size - removed, cleaned),
    get is8Bit() {
      return is8Bit;
    },
    open: () => inspected(through(new MessageCleanup(rules), open()), findBody(cleaned), watch),
  };
}

/** Yields content, and says whether its body has octets above 127: as soon as one is seen, or at the end. */
async function* inspected(
  octets: AsyncIterable<Buffer>,
  bodyStart: number,
  report: (is8Bit: boolean) => void,
): AsyncIterable<Buffer> {
  let before = 0;
  let isSeen = false;
  for await (const chunk of octets) {
    if (!isSeen && has8BitOctets(chunk.subarray(Math.max(0, bodyStart - before)))) {
      isSeen = true;
      report(true);
    }
    before += chunk.length;
    yield chunk;
  }
  if (!isSeen) report(false);
}

/** Something that changes content chunk by chunk. */
interface Filter {
  push(chunk: Buffer): Buffer;
  end(): Buffer;
}

/** Octets that a filter changes at a time: it may need several times as many. */
const pieceOctets = 64 * 1024;

/** Yields content as a filter changes it, in pieces. */
async function* through(filter: Filter, octets: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  for await (const chunk of octets) {
    for (let at = 0; at < chunk.length; at += pieceOctets) yield filter.push(chunk.subarray(at, at + pieceOctets));
  }
  yield filter.end();
}

/** Octets at the beginning of a large message that are inspected. */
export const beginningOctets = 64 * 1024;

/** Guards the sending of content. */
export interface Gate {
  /** Announces that the envelope is sent, and content may follow soon. */
  prepare(): void;
  /** Waits for the claim; throws the reason why content must not be sent. */
  admit(): Promise<void>;
  /** Whether the claim is still valid. */
  mayGoOn(): boolean;
}

/** A gate without a claim, for the command line. */
export const openGate: Gate = { prepare: () => {}, admit: async () => {}, mayGoOn: () => true };

/** Changes to a message before it is sent. */
export interface Preparation {
  /** Longest line in octets; 0 = lines are never split. */
  readonly lineLimit: number;
  /** Header fields to prepend, with line ends. */
  readonly prefix?: string;
  /** The server lacks 8BITMIME: 8-bit parts become quoted-printable. */
  readonly downgrade?: MimeLimits;
}

/** The message cannot be converted for the server. This is detected during the content, which then ends without the dot. */
export class MimeUnfit extends Error {
  override readonly name = 'MimeUnfit';
  readonly fault: MimeFault;

  constructor(fault: MimeFault) {
    super(fault.text);
    this.fault = fault;
  }
}

/** Prepares a message for the wire. Its chunks throw {@link MimeUnfit}, and the errors of the message's own stream. */
export function wireContent(
  message: Message,
  gate: Gate,
  { lineLimit, prefix = '', downgrade }: Preparation,
): WireContent {
  const downgrader = downgrade === undefined ? undefined : new MimeDowngrader(downgrade);
  return {
    admit: () => gate.admit(),
    mayGoOn: () => gate.mayGoOn(),
    chunks: () => encode(message, { lineLimit, prefix, downgrader }),
  };
}

/** Yields the octets for the server. */
async function* encode(
  message: Message,
  {
    lineLimit,
    prefix,
    downgrader,
  }: { readonly lineLimit: number; readonly prefix: string; readonly downgrader: MimeDowngrader | undefined },
): AsyncIterable<Buffer> {
  const encoder = new ContentEncoder({ lineLimit });
  if (prefix !== '') yield encoder.push(Buffer.from(prefix));
  yield* through(encoder, downgrader === undefined ? message.open() : convert(message.open(), downgrader));
}

async function* convert(octets: AsyncIterable<Buffer>, downgrader: MimeDowngrader): AsyncIterable<Buffer> {
  for await (const chunk of through(downgrader, octets)) {
    if (downgrader.fault !== undefined) throw new MimeUnfit(downgrader.fault);
    yield chunk;
  }
}
