/**
 * Composes a report: multipart/report in three parts (RFC 3464, RFC 6522; RFC 6533 for mail with SMTPUTF8), in
 * Postfix's layout. Repeated composition gives the same octets.
 */

import { createHash } from 'node:crypto';
import MimeNode from 'nodemailer/lib/mime-node';
import { has8BitOctets } from '../smtp/content-encoder.ts';
import { isAscii, quoteAddress } from '../smtp/path.ts';
import type { Addressee } from './addressees.ts';
import { humanPart } from './human-part.ts';
import { doubtShare } from './in-doubt.ts';
import { messageIdOf, type Original, reportField } from './original.ts';
import { isPlain, type OriginalPart, originalPart } from './original-part.ts';
import { statusPart } from './status-part.ts';
import type { ReportSubject } from './subject.ts';
import { mailDate } from './text.ts';

/** What a report is made from. */
export interface ReportFacts {
  /** Its queue id. */
  readonly reportId: string;
  readonly subject: ReportSubject;
  readonly addressee: Addressee;
  readonly original: Original;
  /** Milliseconds since 1970. */
  readonly date: number;
  readonly letterhead: Letterhead;
  /** Neither octets above 127 nor addresses that need SMTPUTF8 can be sent. */
  readonly isSevenBit: boolean;
  /** enable_threaded_bounces */
  readonly isThreaded: boolean;
}

/** The author of a mail. */
export interface Letterhead {
  /** myhostname */
  readonly host: string;
  /** mail_name */
  readonly mailName: string;
  /** The author in the header: `MAILER-DAEMON@host`, or an address that SES has verified. */
  readonly author: string;
}

/** A complete message. */
export interface ComposedMail {
  readonly content: Buffer;
  /** Whether SMTPUTF8 is needed: its header or its recipient's address has UTF-8. */
  readonly isInternational: boolean;
  readonly is8Bit: boolean;
}

/** Returns a report. */
export async function composeReport(facts: ReportFacts): Promise<ComposedMail> {
  const { subject, addressee, original, isSevenBit, letterhead } = facts;
  const isInternational = !isSevenBit && needsUtf8(subject);
  const root = startMail('multipart/report; report-type=delivery-status', facts);
  // The parameter is the same for both types of the part (RFC 6533 section 6).
  if (facts.isThreaded) referTo(root, original);
  root.setHeader('Subject', subjectLine(subject, addressee));
  const { isForPostmaster, recipients } = addressee;
  addPart(root, 'text/plain; charset=us-ascii', 'Notification').setContent(
    humanPart(subject, recipients, { isForPostmaster, host: letterhead.host }),
  );
  const status = statusPart(subject, recipients, { isInternational, mailName: letterhead.mailName });
  const type = isInternational ? 'message/global-delivery-status' : 'message/delivery-status';
  addRaw(root, type, 'Delivery report', Buffer.from(status));
  const wantsWhole = addressee.returns === 'full';
  addOriginal(root, originalPart(original, subject.sender, { wantsWhole, isInternational, isSevenBit }), facts);
  return await finish(root, addressee.address);
}

/** Begins a mail of the stack with the header that all of them share. */
export function startMail(
  type: string,
  {
    reportId,
    date,
    letterhead,
    addressee,
  }: Pick<ReportFacts, 'reportId' | 'date' | 'letterhead'> & {
    readonly addressee: Pick<Addressee, 'address' | 'isForPostmaster'>;
  },
): MimeNode {
  const { host, mailName, author } = letterhead;
  // The author of the returned message must not be able to guess the boundary.
  const baseBoundary = createHash('sha256').update(`${reportId} ${host} ${date}`).digest('hex').slice(0, 32);
  const root = new MimeNode(type, {
    baseBoundary,
    boundaryPrefix: 'report',
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return root
    .setHeader('Received', `by ${host} (${mailName}) id ${reportId}; ${mailDate(date)}`)
    .setHeader('Date', mailDate(date))
    .setHeader('From', [{ name: 'Mail Delivery System', address: author }])
    .setHeader('To', [{ name: '', address: quoteAddress(addressee.address) }])
    .setHeader('Message-ID', `<${reportId}@${host}>`)
    .setHeader('Auto-Submitted', addressee.isForPostmaster ? 'auto-generated' : 'auto-replied')
    .setHeader(reportField, reportId);
}

/** Finishes a mail of the stack. */
export async function finish(root: MimeNode, address: string): Promise<ComposedMail> {
  const content = await root.build();
  const header = content.subarray(0, Math.max(0, content.indexOf('\r\n\r\n')));
  return { content, isInternational: !isAscii(address) || has8BitOctets(header), is8Bit: has8BitOctets(content) };
}

function needsUtf8({ smtputf8, sender, recipients }: ReportSubject): boolean {
  return smtputf8 || !isAscii(sender) || recipients.some(({ address }) => !isAscii(address));
}

function subjectLine({ kind }: ReportSubject, { isForPostmaster, recipients }: Addressee): string {
  const isInDoubt = doubtShare(recipients) === 'all';
  const lines = {
    bounce: isInDoubt
      ? 'Unconfirmed mail: it may have been delivered'
      : 'Undelivered mail: it did not reach all recipients',
    delay: isInDoubt ? 'Unconfirmed mail: it may have been delivered' : 'Delayed mail: it is still being tried',
    success: 'Delivered mail: it was handed over',
  } as const;
  return isForPostmaster ? `Postmaster copy. ${lines[kind]}` : lines[kind];
}

function referTo(root: MimeNode, original: Original): void {
  const id = original.kind === 'read' ? messageIdOf(original.header) : undefined;
  if (id !== undefined) root.setHeader('In-Reply-To', id).setHeader('References', id);
}

function addOriginal(
  root: MimeNode,
  { type, content, isWhole }: OriginalPart,
  { isSevenBit, subject, addressee }: ReportFacts,
): void {
  const whats = { success: 'Message', delay: 'Delayed Message', bounce: 'Undelivered Message' } as const;
  const what = doubtShare(addressee.recipients) === 'all' ? 'Message' : whats[subject.kind];
  const description = isWhole ? what : `${what} Headers`;
  // Plain text may be encoded; the other types are sent unchanged.
  if (isSevenBit && !isPlain(content)) addPart(root, type, description).setContent(content);
  else addRaw(root, type, description, content);
}

function addPart(root: MimeNode, type: string, description: string): MimeNode {
  return root.createChild(type).setHeader('Content-Description', description);
}

/** Adds a part with unchanged octets; its header contains no foreign text. */
function addRaw(root: MimeNode, type: string, description: string, content: Buffer): void {
  const encoding = has8BitOctets(content) ? '8bit' : '7bit';
  const header = `Content-Type: ${type}\r\nContent-Description: ${description}\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n`;
  root.createChild().setRaw(Buffer.concat([Buffer.from(header), content]));
  // RFC 2045 section 6.4: a multipart with an 8-bit part declares 8bit itself.
  if (encoding === '8bit') root.setHeader('Content-Transfer-Encoding', encoding);
}
