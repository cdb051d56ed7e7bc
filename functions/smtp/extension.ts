/**
 * Extensions of addresses: `bob+lists@example.com` is bob, too (recipient_delimiter; split_addr.c).
 */

import { splitAddress } from './path.ts';

/**
 * The address without its extension; as it is where it has none.
 *
 * @param delimiters characters that begin an extension; empty: there are none
 */
export function withoutExtension(address: string, delimiters: string): string {
  const { localPart } = splitAddress(address);
  const folded = localPart.toLowerCase();
  // Names that mail systems gave themselves, and those of mailing lists, have no extension (owner_request_special).
  if (/^(?:mailer-daemon|double-bounce)$/.test(folded)) return address;
  if (delimiters.includes('-') && /^owner-.|.-request$/.test(folded)) return address;
  const at = [...localPart].findIndex((character) => delimiters.includes(character));
  if (at <= 0) return address;
  return [...localPart].slice(0, at).join('') + address.slice(localPart.length);
}
