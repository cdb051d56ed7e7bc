/**
 * What concurrency, suspension and window are counted by: a destination, or, where one delivery has one recipient
 * (lmtp_destination_recipient_limit=1), a mailbox at it. Then a single bad mailbox cannot stop all mail to its server.
 */

import { splitAddress } from '../smtp/path.ts';

/** The name of the unit that a delivery belongs to. */
export function unitOf({ destination, mailbox }: { readonly destination: string; readonly mailbox?: string }): string {
  return mailbox === undefined ? destination : `${mailbox}@${destination}`;
}

/**
 * The mailbox of an address, in lower case, its extension taken away (split_addr.c). `recipientDelimiter` holds the characters
 * that begin an extension; empty: there are none.
 */
export function mailboxOf(address: string, recipientDelimiter: string): string {
  const { localPart, domain } = splitAddress(address.toLowerCase());
  return `${withoutExtension(localPart, recipientDelimiter)}@${domain}`;
}

function withoutExtension(localPart: string, delimiters: string): string {
  // Names that mail systems gave themselves, and those of mailing lists, have no extension (Postfix owner_request_special).
  if (/^(?:mailer-daemon|double-bounce)$/.test(localPart)) return localPart;
  if (delimiters.includes('-') && /^owner-.|.-request$/.test(localPart)) return localPart;
  const at = [...localPart].findIndex((character) => delimiters.includes(character));
  return at <= 0 ? localPart : [...localPart].slice(0, at).join('');
}
