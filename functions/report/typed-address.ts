/**
 * Addresses in a delivery report, with their type, in the form that the report allows (RFC 3464 section 2.1.2, RFC 6533
 * section 3).
 */

import { isAscii, quoteAddress } from '../smtp/path.ts';
import { encodeUtf8Xtext } from '../smtp/xtext.ts';
import { oneLine } from './text.ts';

/** Returns an envelope address: `rfc822; bob@example.com`, `utf-8; ...`. */
export function typedAddress(address: string, isInternational: boolean): string {
  return typed('rfc822', oneLine(quoteAddress(address)), isInternational);
}

/** Returns the address of ORCPT, with its own type unless that requires ASCII. */
export function typedOriginal(orcpt: string, isInternational: boolean): string {
  const semicolon = orcpt.indexOf(';');
  return typed(orcpt.slice(0, semicolon), oneLine(orcpt.slice(semicolon + 1)), isInternational);
}

function typed(type: string, address: string, isInternational: boolean): string {
  if (isAscii(address)) return `${type}; ${address}`;
  return `utf-8; ${isInternational ? address : encodeUtf8Xtext(address)}`;
}
