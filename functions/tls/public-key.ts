/**
 * The public key of a certificate, octet for octet as it stands there: what Postfix makes a key's fingerprint of.
 */

/**
 * SubjectPublicKeyInfo (RFC 5280 section 4.1) of a certificate.
 *
 * Taken out, not put together anew from the key: a key may be written in several ways, and this works for algorithms that
 * nobody here knows.
 *
 * @param der a certificate that a TLS library has read before
 * @throws RangeError if it is none
 */
export function publicKeyOf(der: Buffer): Buffer {
  const certificate = readElement(der, 0);
  const toBeSigned = readElement(der, certificate.content);
  let element = readElement(der, toBeSigned.content);
  // version is [0], and may be left out.
  if (element.tag === 0xa0) element = readElement(der, element.end);
  // serialNumber, signature, issuer, validity and subject stand before it.
  for (let before = 0; before < 5; before++) element = readElement(der, element.end);
  return der.subarray(element.start, element.end);
}

interface Element {
  readonly tag: number;
  readonly start: number;
  /** Where the content begins, and where it ends. */
  readonly content: number;
  readonly end: number;
}

/** One element of DER (X.690 section 8.1), with a tag of one octet and a definite length. */
function readElement(der: Buffer, start: number): Element {
  const tag = der.readUInt8(start);
  const first = der.readUInt8(start + 1);
  const octets = first < 0x80 ? 0 : first & 0x7f;
  const content = start + 2 + octets;
  const length = octets === 0 ? first : der.readUIntBE(start + 2, octets);
  if (content + length > der.length) throw new RangeError('a certificate ends before it is complete');
  return { tag, start, content, end: content + length };
}
