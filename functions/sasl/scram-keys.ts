/** The keys of SCRAM (RFC 5802 section 3). */

import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';

/** A hash function: its name in mechanisms, its name in Node, and its size in octets. */
export interface ScramHash {
  readonly name: string;
  readonly algorithm: string;
  readonly size: number;
}

/** The signing keys. For one salt both are equivalent to the password, so they must not outlive the exchange. */
export interface ScramKeys {
  readonly clientKey: Buffer;
  readonly serverKey: Buffer;
}

/**
 * Derives the keys. The iterations block the process: the usual 4096 take one to three milliseconds, once for each session, so the
 * keys need no cache.
 *
 * @param password prepared (SASLprep)
 */
export function deriveKeys(
  { algorithm, size }: ScramHash,
  password: string,
  salt: Buffer,
  iterations: number,
): ScramKeys {
  const salted = pbkdf2Sync(password, salt, iterations, size, algorithm);
  const keyOf = (text: string) => createHmac(algorithm, salted).update(text).digest();
  return { clientKey: keyOf('Client Key'), serverKey: keyOf('Server Key') };
}

/** Returns ClientKey XOR ClientSignature. */
export function clientProof({ algorithm }: ScramHash, { clientKey }: ScramKeys, authMessage: Buffer): Buffer {
  const storedKey = createHash(algorithm).update(clientKey).digest();
  const signature = createHmac(algorithm, storedKey).update(authMessage).digest();
  return Buffer.from(clientKey.map((octet, at) => octet ^ (signature[at] ?? 0)));
}

/** Returns the signature of a server that has the stored keys. */
export function serverSignature({ algorithm }: ScramHash, { serverKey }: ScramKeys, authMessage: Buffer): Buffer {
  return createHmac(algorithm, serverKey).update(authMessage).digest();
}
