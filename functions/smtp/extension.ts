/**
 * Address extensions: `bob+lists@example.com` is also bob (recipient_delimiter; split_addr.c).
 */

import { splitAddress } from './path.ts';

/**
 * Returns the address without its extension, if it has one.
 *
 * @param delimiters characters that begin an extension; empty: no extensions
 */
export function withoutExtension(address: string, delimiters: string): string {
  const { localPart } = splitAddress(address);
  const folded = localPart.toLowerCase();
  // Addresses of mail systems and of mailing lists have no extension (owner_request_special).
  if (/^(?:mailer-daemon|double-bounce)$/.test(folded)) return address;
  if (delimiters.includes('-') && /^owner-.|.-request$/.test(folded)) return address;
  const at = [...localPart].findIndex((character) => delimiters.includes(character));
  if (at <= 0) return address;
  return [...localPart].slice(0, at).join('') + address.slice(localPart.length);
}
