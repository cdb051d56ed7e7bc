/**
 * The preparation of a message for one transaction: prepended fields (lmtp_flags), and the conversion for a server without 8BITMIME.
 */

import type { Parameters } from '../parameters/parameters.ts';
import type { DeliveryRecipient } from '../request/delivery.ts';
import type { Capabilities } from '../smtp/capabilities.ts';
import type { CleanupRules } from '../smtp/message-cleanup.ts';
import { quoteAddress } from '../smtp/path.ts';
import type { Posting } from './envelope.ts';
import type { Message, Preparation } from './message.ts';

/** Whether each recipient needs its own transaction, because a prepended field names it. */
export function wantsOneRecipient({ lmtp_flags: flags }: Parameters): boolean {
  return flags.has('D') || flags.has('O');
}

/** Whether the message was delivered to this recipient before (flag D; local(8) and pipe(8) have the same check). */
export function isLooping(
  recipient: DeliveryRecipient,
  { deliveredTo }: Message,
  { lmtp_flags: flags }: Parameters,
): boolean {
  const address = recipient.address.toLowerCase();
  return flags.has('D') && deliveredTo.some((before) => before.toLowerCase() === address);
}

/** Returns the rules by which messages are cleaned when they are read. */
export function cleanupRules(
  parameters: Pick<
    Parameters,
    'message_drop_headers' | 'header_size_limit' | 'mime_nesting_limit' | 'mime_boundary_length_limit'
  >,
): CleanupRules {
  return {
    dropHeaders: new Set(parameters.message_drop_headers),
    headerSizeLimit: parameters.header_size_limit,
    nestingLimit: parameters.mime_nesting_limit,
    boundaryLengthLimit: parameters.mime_boundary_length_limit,
  };
}

/** Returns the preparation of the message for the recipients with these indexes. */
export function prepare(posting: Posting, offered: Capabilities, indexes: readonly number[]): Preparation {
  const { parameters } = posting;
  return {
    lineLimit: parameters.lmtp_line_length_limit,
    prefix: fieldsInFront(posting, indexes),
    ...(needsDowngrade(posting, offered)
      ? {
          downgrade: {
            nestingLimit: parameters.mime_nesting_limit,
            boundaryLengthLimit: parameters.mime_boundary_length_limit,
            headerSizeLimit: parameters.header_size_limit,
          },
        }
      : {}),
  };
}

/** Whether content may have 8-bit octets and the server does not accept them. A declaration as 7BIT is trusted. */
export function needsDowngrade({ delivery, message, parameters }: Posting, offered: Capabilities): boolean {
  if (offered.eightBitMime || parameters.disable_mime_output_conversion) return false;
  return message.is8Bit === true || (message.is8Bit === undefined && delivery.body !== '7BIT');
}

/** Returns Return-Path, X-Original-To and Delivered-To, in Postfix's order. */
function fieldsInFront({ delivery, parameters }: Posting, indexes: readonly number[]): string {
  const { lmtp_flags: flags } = parameters;
  const recipient = delivery.recipients[indexes[0] ?? -1];
  const fields: string[] = [];
  if (flags.has('R')) fields.push(`Return-Path: <${quoteAddress(delivery.sender)}>`);
  if (recipient !== undefined && flags.has('O')) {
    fields.push(`X-Original-To: ${quoteAddress(recipient.original ?? recipient.address)}`);
  }
  if (recipient !== undefined && flags.has('D')) fields.push(`Delivered-To: ${quoteAddress(recipient.address)}`);
  return fields.map((field) => `${field}\r\n`).join('');
}
