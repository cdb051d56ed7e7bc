/** Base64 as SASL has it on the wire (RFC 4648 section 4). */

/**
 * The octets of base64 text, or undefined if it is none: padding is required, and nothing may stand between the characters.
 *
 * Node skips what it does not know, which would make something of anything.
 */
export function decodeBase64(text: string): Buffer | undefined {
  const octets = Buffer.from(text, 'base64');
  return octets.toString('base64') === text ? octets : undefined;
}
