/** What a server says in SCRAM (RFC 5802 sections 5.1 and 7). Text is Latin-1, one character for each octet. */

import { decodeBase64 } from './base64.ts';
import { ChannelBindingError, SaslError } from './mechanism.ts';

/**
 * Most iterations that are computed. A server could ask for 4,294,967,295 and have us compute for the rest of the
 * function's life, and for as long as it takes nothing else runs. 600,000 is the highest count in common advice for
 * password stores, and takes a quarter of a second of a whole processor at worst; Cyrus stops at 65,536.
 */
export const mostIterations = 600_000;

/** What the server contributes. */
export interface ServerFirst {
  /** The client's nonce and the server's, as one. */
  readonly nonce: string;
  readonly salt: Buffer;
  /** Between 1 and {@link mostIterations}. Fewer than 4096 are poor, and servers with fewer are there. */
  readonly iterations: number;
}

/**
 * Reads server-first-message.
 *
 * @param ownNonce what the server's nonce must begin with, and go on after
 * @throws SaslError where it is not as it must be
 */
export function parseServerFirst(message: string, ownNonce: string): ServerFirst {
  const attributes = parseAttributes(message);
  // Extensions may follow: whoever does not know them passes them over. One in front (m=) says that this will not do.
  const [nonce, salt, iterations] = (['r', 's', 'i'] as const).map((name, at) => valueNamed(attributes[at], name));
  if (nonce === undefined || salt === undefined || iterations === undefined) {
    throw new SaslError('the first SCRAM message of the server is not nonce, salt and iteration count');
  }
  if (!nonce.startsWith(ownNonce) || nonce.length === ownNonce.length || !/^[!-+\--~]+$/.test(nonce)) {
    throw new SaslError("the server's SCRAM nonce does not continue ours");
  }
  const octets = decodeBase64(salt);
  if (octets === undefined) throw new SaslError("the server's SCRAM salt is no base64");
  return { nonce, salt: octets, iterations: parseIterations(iterations) };
}

/**
 * Reads the server's signature from server-final-message.
 *
 * @throws ChannelBindingError where the server does not take the binding
 * @throws SaslError           where it says another error, or neither
 */
export function parseServerFinal(message: string): Buffer {
  const [verifier] = parseAttributes(message);
  const signature = decodeBase64(valueNamed(verifier, 'v') ?? '');
  if (signature === undefined || signature.length === 0) {
    throw new SaslError('the last SCRAM message of the server has no signature');
  }
  return signature;
}

function parseIterations(digits: string): number {
  const iterations = Number(digits);
  if (!/^[1-9]\d*$/.test(digits) || iterations > mostIterations) {
    throw new SaslError(`the SCRAM iteration count must be a number from 1 to ${mostIterations}`);
  }
  return iterations;
}

/** Errors after which another type of binding may succeed. */
const bindingErrors = ['channel-bindings-dont-match', 'unsupported-channel-binding-type'];

interface Attribute {
  readonly name: string;
  readonly value: string;
}

function valueNamed(attribute: Attribute | undefined, name: string): string | undefined {
  return attribute?.name === name ? attribute.value : undefined;
}

/** An error is one wherever it stands: some servers do not wait for the last message with it. */
function parseAttributes(message: string): readonly Attribute[] {
  const attributes = message.split(',').map((attribute) => {
    const match = /^([A-Za-z])=(.+)$/s.exec(attribute);
    if (match === null) throw new SaslError('a SCRAM message of the server is not a list of attributes');
    const [, name = '', value = ''] = match;
    return { name, value };
  });
  const error = valueNamed(attributes[0], 'e');
  if (error !== undefined) throw serverError(error);
  return attributes;
}

/** server-error-value (RFC 5802 section 7). */
const serverErrors: ReadonlySet<string> = new Set([
  'invalid-encoding',
  'extensions-not-supported',
  'invalid-proof',
  'channel-bindings-dont-match',
  'server-does-support-channel-binding',
  'channel-binding-not-supported',
  'unsupported-channel-binding-type',
  'unknown-user',
  'invalid-username-encoding',
  'no-resources',
  'other-error',
]);

function serverError(word: string): SaslError {
  // Only the words of section 7 are told: in any other there might be something that we sent.
  const told = serverErrors.has(word) ? word : 'other-error';
  const text = `the server ends the SCRAM exchange: ${told}`;
  return bindingErrors.includes(told) ? new ChannelBindingError(text) : new SaslError(text);
}
