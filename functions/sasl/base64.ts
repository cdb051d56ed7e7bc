/** The base64 of SASL (RFC 4648 section 4). */

/**
 * Returns the octets of base64 text; `undefined` if the text is not base64. Padding is required, and other characters are not allowed.
 *
 * Node skips unknown characters, so it would decode any text.
 */
export function decodeBase64(text: string): Buffer | undefined {
  const octets = Buffer.from(text, 'base64');
  return octets.toString('base64') === text ? octets : undefined;
}
