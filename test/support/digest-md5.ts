/**
 * The server's side of DIGEST-MD5 (RFC 2831), for a scripted server: checks a response, and computes the
 * server's proof.
 */
import { createHash } from 'node:crypto';

/** The fields of a digest-response, by name. */
export type DigestFields = Readonly<Record<string, string>>;

/** Parses `username="a",nc=00000001,...`. */
export function parseDigestResponse(text: string): DigestFields {
  const matches = text.matchAll(/([a-z-]+)=(?:"([^"]*)"|([^,]*))/g);
  return Object.fromEntries([...matches].map(([, name = '', quoted, plain = '']) => [name, quoted ?? plain]));
}

/** Whether the client proved that it knows the password. */
export function isDigestRight(fields: DigestFields, password: string): boolean {
  return fields['response'] === digest(fields, password, 'AUTHENTICATE:');
}

/** The proof that the server knows the password too: section 2.1.3, response-auth. */
export function serverProof(fields: DigestFields, password: string): string {
  return digest(fields, password, ':');
}

// RFC 2831 section 2.1.2.1, for qop=auth and no authzid. A2 is `prefix` and the digest-uri.
function digest(fields: DigestFields, password: string, prefix: string): string {
  const { username = '', realm = '', nonce = '', cnonce = '', nc = '', qop = '' } = fields;
  const secret = createHash('md5').update(`${username}:${realm}:${password}`).digest();
  const a1 = hex(Buffer.concat([secret, Buffer.from(`:${nonce}:${cnonce}`)]));
  const a2 = hex(Buffer.from(`${prefix}${fields['digest-uri'] ?? ''}`));
  return hex(Buffer.from(`${a1}:${nonce}:${nc}:${cnonce}:${qop}:${a2}`));
}

function hex(octets: Buffer): string {
  return createHash('md5').update(octets).digest('hex');
}
