/**
 * The public key of a certificate, octet for octet: the input of Postfix's fingerprint of a key.
 */

/**
 * Returns SubjectPublicKeyInfo (RFC 5280 section 4.1) of a certificate.
 *
 * It is copied, not encoded from the key: a key has several encodings, and this works for unknown algorithms too.
 *
 * @param der a certificate that a TLS library has parsed
 * @throws RangeError if it is not a certificate
 */
export function publicKeyOf(der: Buffer): Buffer {
  const certificate = readElement(der, 0);
  const toBeSigned = readElement(der, certificate.content);
  let element = readElement(der, toBeSigned.content);
  // version is [0], and optional.
  if (element.tag === 0xa0) element = readElement(der, element.end);
  // serialNumber, signature, issuer, validity and subject precede it.
  for (let before = 0; before < 5; before++) element = readElement(der, element.end);
  return der.subarray(element.start, element.end);
}

interface Element {
  readonly tag: number;
  readonly start: number;
  /** Offsets of the begin and the end of the content. */
  readonly content: number;
  readonly end: number;
}

/** Parses one element of DER (X.690 section 8.1), with a tag of one octet and a definite length. */
function readElement(der: Buffer, start: number): Element {
  const tag = der.readUInt8(start);
  const first = der.readUInt8(start + 1);
  const octets = first < 0x80 ? 0 : first & 0x7f;
  const content = start + 2 + octets;
  const length = octets === 0 ? first : der.readUIntBE(start + 2, octets);
  if (content + length > der.length) throw new RangeError('a certificate ends before it is complete');
  return { tag, start, content, end: content + length };
}
