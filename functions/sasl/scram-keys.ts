/** The keys of SCRAM (RFC 5802 section 3). */

import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';

/** A hash function: its name in mechanisms, its name in Node, and the octets that it makes. */
export interface ScramHash {
  readonly name: string;
  readonly algorithm: string;
  readonly size: number;
}

/** What is signed with. Both are as good as the password for one salt: they are to be kept no longer than the exchange. */
export interface ScramKeys {
  readonly clientKey: Buffer;
  readonly serverKey: Buffer;
}

/**
 * Derives the keys. This is where the iterations are computed, and nothing else runs meanwhile: with the usual 4096 it takes
 * one to three milliseconds, once for each session, which is why nothing is kept for the next.
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

/** ClientKey XOR ClientSignature. */
export function clientProof({ algorithm }: ScramHash, { clientKey }: ScramKeys, authMessage: Buffer): Buffer {
  const storedKey = createHash(algorithm).update(clientKey).digest();
  const signature = createHmac(algorithm, storedKey).update(authMessage).digest();
  return Buffer.from(clientKey.map((octet, at) => octet ^ (signature[at] ?? 0)));
}

/** What a server signs with that has the stored keys. */
export function serverSignature({ algorithm }: ScramHash, { serverKey }: ScramKeys, authMessage: Buffer): Buffer {
  return createHmac(algorithm, serverKey).update(authMessage).digest();
}
