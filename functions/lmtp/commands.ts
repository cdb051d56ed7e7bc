/**
 * MAIL and RCPT with the parameters that the server offers, and no others: servers refuse parameters that they do not announce
 * (Dovecot answers SIZE with 555).
 */

import type { Capabilities } from '../smtp/capabilities.ts';
import { quoteAddress, unquoteAddress } from '../smtp/path.ts';
import { encodeUtf8Xtext, encodeXtext } from '../smtp/xtext.ts';

/** NOTIFY keywords of RFC 3461 section 4.1. */
export type Notify = 'NEVER' | 'SUCCESS' | 'FAILURE' | 'DELAY';

/** One recipient of a transaction. */
export interface Recipient {
  /** Address without `<>`. */
  readonly address: string;
  readonly notify?: readonly Notify[];
  /** Original recipient, plain text, `type;address`. */
  readonly orcpt?: string;
}

/** The envelope of a transaction. */
export interface Envelope {
  /** Reverse-path without `<>`; empty is the null sender. */
  readonly sender: string;
  readonly recipients: readonly Recipient[];
  /** The declaration of the content; absent: none. */
  readonly body?: '7BIT' | '8BITMIME';
  /** The size to announce, in octets; absent: none. */
  readonly size?: number;
  /** Whether addresses or headers need RFC 6531. */
  readonly smtputf8: boolean;
  readonly ret?: 'FULL' | 'HDRS';
  /** Envelope id, plain text. */
  readonly envid?: string;
  /** Send AUTH=<> if the server offers AUTH (lmtp_send_dummy_mail_auth, RFC 4954 section 5). */
  readonly dummyAuth?: boolean;
  /** Addresses are sent without quotes (lmtp_quote_rfc821_envelope=no). */
  readonly unquoted?: boolean;
}

/** Returns MAIL FROM, with SIZE, BODY, ENVID, RET and SMTPUTF8 where offered, in Postfix's order. */
export function mailCommand(envelope: Envelope, offered: Capabilities): string {
  const words = [`MAIL FROM:<${wireAddress(envelope.sender, envelope)}>`];
  if (offered.size && envelope.size !== undefined) words.push(`SIZE=${envelope.size}`);
  if (offered.eightBitMime && envelope.body !== undefined) words.push(`BODY=${envelope.body}`);
  if (offered.dsn && envelope.envid !== undefined) words.push(`ENVID=${encodeXtext(envelope.envid)}`);
  if (offered.dsn && envelope.ret !== undefined) words.push(`RET=${envelope.ret}`);
  if (offered.smtputf8 && envelope.smtputf8) words.push('SMTPUTF8');
  if (offered.keywords.includes('AUTH') && envelope.dummyAuth === true) words.push('AUTH=<>');
  return words.join(' ');
}

/** Returns RCPT TO, with ORCPT and NOTIFY where offered. */
export function rcptCommand(recipient: Recipient, envelope: Envelope, offered: Capabilities): string {
  const words = [`RCPT TO:<${wireAddress(recipient.address, envelope)}>`];
  if (offered.dsn && recipient.orcpt !== undefined) words.push(`ORCPT=${encodeOriginal(recipient.orcpt)}`);
  if (offered.dsn && recipient.notify !== undefined && recipient.notify.length > 0) {
    words.push(`NOTIFY=${recipient.notify.join(',')}`);
  }
  return words.join(' ');
}

function wireAddress(address: string, { unquoted = false }: Envelope): string {
  const plain = unquoted ? unquoteAddress(address) : undefined;
  // An angle bracket would end the path and begin a parameter.
  return plain === undefined || /[<>]/.test(plain) ? quoteAddress(address) : plain;
}

/**
 * Encodes the address after the first `;`: one of the type `utf-8` as RFC 6533 section 3 says, any other as xtext (RFC 3461 section
 * 4.2). Both are US-ASCII, so that a server without SMTPUTF8 accepts them.
 */
function encodeOriginal(original: string): string {
  const semicolon = original.indexOf(';');
  const [type, address] = [original.slice(0, semicolon), original.slice(semicolon + 1)];
  return `${type};${type.toLowerCase() === 'utf-8' ? encodeUtf8Xtext(address) : encodeXtext(address)}`;
}
