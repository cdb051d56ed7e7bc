/**
 * Envelope addresses: what may stand between `<` and `>` (RFC 5321 section 4.1.2).
 *
 * Inside, an address is a plain local-part and a domain, as in Postfix's queue file; on the wire and in logs an odd
 * local-part is quoted (lmtp_quote_rfc821_envelope).
 */

/** Longest address that is let in, in octets: RFC 5321's 254 with room for what the world really has (Postfix has no limit). */
export const addressLimit = 1000;

const dotAtom = /^[\w!#$%&'*+\-/=?^`{|}~\u0080-\u{10ffff}]+(?:\.[\w!#$%&'*+\-/=?^`{|}~\u0080-\u{10ffff}]+)*$/u;
// No octet below blank and no DEL: nothing that could end a command line, whatever a server takes for a line end.
const unsafe = /[\u0000-\u001f\u007f]/u;
// A domain is never quoted, so nothing in it may end the path and begin a parameter.
const unsafeInDomain = /[\s<>()",;\\]/u;

/**
 * Says what is wrong with an address, or nothing.
 *
 * The null sender `""` is not an address: the caller knows whether it may stand there.
 */
export function addressFault(address: string): string | undefined {
  if (address === '') return 'is empty';
  const control = unsafe.exec(address)?.[0];
  if (control !== undefined) {
    return `holds the control character U+${control.codePointAt(0)?.toString(16).padStart(4, '0').toUpperCase()}`;
  }
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

/** The form for the wire and for logs: the local-part quoted if it must be. The null sender stays empty. */
export function quoteAddress(address: string): string {
  if (address === '') return '';
  const { localPart, domain } = splitAddress(address);
  const quoted = isQuoted(localPart) || dotAtom.test(localPart) ? localPart : quoteLocalPart(localPart);
  return domain === '' && !address.includes('@') ? quoted : `${quoted}@${domain}`;
}

/** The form without quotes, for servers that cannot read them (lmtp_quote_rfc821_envelope=no). */
export function unquoteAddress(address: string): string {
  const { localPart } = splitAddress(address);
  if (!isQuoted(localPart)) return address;
  return `${localPart.slice(1, -1).replace(/\\(.)/gsu, '$1')}${address.slice(localPart.length)}`;
}

/** Whether only US-ASCII is used; otherwise the address needs SMTPUTF8 (RFC 6531 section 3.4). */
export function isAscii(text: string): boolean {
  return !/[^\u0000-\u007f]/.test(text);
}

function isQuoted(localPart: string): boolean {
  return /^"(?:[^"\\]|\\.)*"$/u.test(localPart);
}

function quoteLocalPart(localPart: string): string {
  return `"${localPart.replace(/["\\]/g, '\\$&')}"`;
}
