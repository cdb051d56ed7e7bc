/** The messages of a SCRAM server (RFC 5802 sections 5.1 and 7). Text is Latin-1, one character for each octet. */

import { decodeBase64 } from './base64.ts';
import { ChannelBindingError, SaslError } from './errors.ts';

/**
 * The most iterations computed. A server could ask for 4,294,967,295, which would block the function for the rest of its life.
 * 600,000 is the highest count in common advice for password stores, and takes at most a quarter of a second of a whole processor;
 * Cyrus stops at 65,536.
 */
export const mostIterations = 600_000;

/** The first message of the server. */
export interface ServerFirst {
  /** The client's nonce, followed by the server's. */
  readonly nonce: string;
  readonly salt: Buffer;
  /** From 1 to {@link mostIterations}. Fewer than 4096 are weak, but some servers use fewer. */
  readonly iterations: number;
}

/**
 * Parses server-first-message.
 *
 * @param ownNonce the client's nonce, which the server's must extend
 * @throws SaslError if it is invalid
 */
export function parseServerFirst(message: string, ownNonce: string): ServerFirst {
  const attributes = parseAttributes(message);
  // Extensions may follow, and unknown ones are ignored. A mandatory one (m=) comes first, and fails here.
  const [nonce, salt, iterations] = (['r', 's', 'i'] as const).map((name, at) => valueNamed(attributes[at], name));
  if (nonce === undefined || salt === undefined || iterations === undefined) {
    throw new SaslError('the first SCRAM message of the server does not have nonce, salt and iteration count');
  }
  if (!nonce.startsWith(ownNonce) || nonce.length === ownNonce.length || !/^[!-+\--~]+$/.test(nonce)) {
    throw new SaslError("the server's SCRAM nonce does not extend the client's");
  }
  const octets = decodeBase64(salt);
  if (octets === undefined) throw new SaslError("the server's SCRAM salt is not base64");
  return { nonce, salt: octets, iterations: parseIterations(iterations) };
}

/**
 * Returns the server's signature from server-final-message.
 *
 * @throws ChannelBindingError if the server does not accept the binding
 * @throws SaslError           for any other error, or without a signature
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

/** An error counts in any message: some servers do not wait for the last one. */
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
  // Only the words of section 7 are reported: any other text may repeat what the client sent.
  const known = serverErrors.has(word) ? word : 'other-error';
  const text = `the server ended the SCRAM exchange: ${known}`;
  return bindingErrors.includes(known) ? new ChannelBindingError(text) : new SaslError(text);
}
