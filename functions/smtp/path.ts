/**
 * Envelope addresses: the text between `<` and `>` (RFC 5321 section 4.1.2).
 *
 * In memory, an address is a plain local-part and a domain, as in Postfix's queue file. On the wire and in logs a local-part with
 * special characters is quoted (lmtp_quote_rfc821_envelope).
 */

import { findControl } from './control-characters.ts';

/** The longest address accepted, in octets: more than the 254 of RFC 5321, because longer ones exist (Postfix has no limit). */
export const addressLimit = 1000;

const dotAtom = /^[\w!#$%&'*+\-/=?^`{|}~\u0080-\u{10ffff}]+(?:\.[\w!#$%&'*+\-/=?^`{|}~\u0080-\u{10ffff}]+)*$/u;
// A domain is never quoted, so its characters must not end the path and begin a parameter.
const unsafeInDomain = /[\s<>()",;\\]/u;

/**
 * Returns the fault of an address; `undefined` if it is valid.
 *
 * The null sender `""` is not an address; the caller decides whether it is allowed.
 */
export function addressFault(address: string): string | undefined {
  if (address === '') return 'is empty';
  // A control character could end a command line on some server, and shows another address than it names.
  const control = findControl(address);
  if (control !== undefined) return `holds the control character ${control}`;
  if (/\p{Surrogate}/u.test(address)) return 'is not well-formed Unicode';
  if (Buffer.byteLength(address) > addressLimit) return `is longer than ${addressLimit} octets`;
  if (/^<.*>$/.test(address)) return 'must be given without < and >';
  const stray = unsafeInDomain.exec(splitAddress(address).domain)?.[0];
  return stray === undefined ? undefined : `has "${stray}" in its domain`;
}

/** Splits at the last `@`; the domain is empty where there is none. */
export function splitAddress(address: string): { readonly localPart: string; readonly domain: string } {
  const at = address.lastIndexOf('@');
  return at < 0
    ? { localPart: address, domain: '' }
    : { localPart: address.slice(0, at), domain: address.slice(at + 1) };
}

/** Returns the form for the wire and for logs: with the local-part quoted if necessary. The null sender stays empty. */
export function quoteAddress(address: string): string {
  if (address === '') return '';
  const { localPart, domain } = splitAddress(address);
  const quoted = isQuoted(localPart) || dotAtom.test(localPart) ? localPart : quoteLocalPart(localPart);
  return domain === '' && !address.includes('@') ? quoted : `${quoted}@${domain}`;
}

/** Returns the form without quotes, for servers that cannot parse them (lmtp_quote_rfc821_envelope=no). */
export function unquoteAddress(address: string): string {
  const { localPart } = splitAddress(address);
  if (!isQuoted(localPart)) return address;
  return `${localPart.slice(1, -1).replace(/\\(.)/gsu, '$1')}${address.slice(localPart.length)}`;
}

/** Whether the text is US-ASCII; any other address needs SMTPUTF8 (RFC 6531 section 3.4). */
export function isAscii(text: string): boolean {
  return !/[^\u0000-\u007f]/.test(text);
}

function isQuoted(localPart: string): boolean {
  return /^"(?:[^"\\]|\\.)*"$/u.test(localPart);
}

function quoteLocalPart(localPart: string): string {
  return `"${localPart.replace(/["\\]/g, '\\$&')}"`;
}
