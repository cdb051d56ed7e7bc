/**
 * SCRAM (RFC 5802, RFC 7677) and its -PLUS forms: both sides prove the password without sending it. A -PLUS form also proves that both
 * ends have the same TLS connection.
 */

import { randomBytes, timingSafeEqual } from 'node:crypto';
import { areForPassword, type Credentials, refuseUnsendable } from './credentials.ts';
import { SaslError } from './errors.ts';
import { followCourse } from './exchange.ts';
import type { Channel, ChannelBinding, Exchange, Mechanism, StartOptions } from './mechanism.ts';
import { preparePassword, prepareUser } from './prepare.ts';
import { escapeName } from './saslname.ts';
import { clientProof, deriveKeys, type ScramHash, serverSignature } from './scram-keys.ts';
import { parseServerFinal, parseServerFirst } from './scram-messages.ts';

/** Strongest first. SHA-1 and SHA-256 are registered; servers use the others by the same rule. */
const hashes: readonly ScramHash[] = [
  { name: 'SHA-512', algorithm: 'sha512', size: 64 },
  { name: 'SHA-384', algorithm: 'sha384', size: 48 },
  { name: 'SHA-256', algorithm: 'sha256', size: 32 },
  { name: 'SHA-224', algorithm: 'sha224', size: 28 },
  { name: 'SHA-1', algorithm: 'sha1', size: 20 },
];

/** The forms with channel binding, strongest hash first. */
export const scramPlus: readonly Mechanism[] = hashes.map((hash) =>
  scramMechanism(`SCRAM-${hash.name}-PLUS`, hash, true),
);

/** The forms without channel binding, strongest hash first. */
export const scram: readonly Mechanism[] = hashes.map((hash) => scramMechanism(`SCRAM-${hash.name}`, hash, false));

function scramMechanism(name: string, hash: ScramHash, isBound: boolean): Mechanism {
  return {
    name,
    properties: new Set(['noplaintext', 'noactive', 'noanonymous', 'mutual_auth']),
    isUsable: (credentials, channel) =>
      areForPassword(credentials, channel) && (!isBound || channel.bindings.length > 0),
    start(credentials, channel, options = {}) {
      refuseUnsendable(credentials);
      const binding = isBound ? bindingFor(channel, options) : undefined;
      const header = binding === undefined ? unboundHeader(channel, options) : `p=${binding.type},,`;
      return scramExchange(name, hash, credentials, { header, binding, nonce: options.nonce ?? freshNonce() });
    },
  };
}

interface ScramOptions {
  /** gs2-header (RFC 5801 section 4): the binding, without authzid. */
  readonly header: string;
  readonly binding: ChannelBinding | undefined;
  readonly nonce: string;
}

function scramExchange(name: string, hash: ScramHash, credentials: Credentials, options: ScramOptions): Exchange {
  const { header, binding, nonce: ownNonce } = options;
  const user = escapeName(prepareUser(credentials.user));
  const password = preparePassword(credentials.secret);
  const clientFirstBare = `n=${user},r=${ownNonce}`;
  const bound = Buffer.concat([Buffer.from(header), binding?.data ?? Buffer.alloc(0)]).toString('base64');
  let expectedSignature: Buffer | undefined;
  let isProven = false;

  const prove = (challenge: Buffer) => {
    const { nonce, salt, iterations } = parseServerFirst(challenge.toString('latin1'), ownNonce);
    const withoutProof = `c=${bound},r=${nonce}`;
    // The server's part, octet for octet.
    const authMessage = Buffer.concat([Buffer.from(`${clientFirstBare},`), challenge, Buffer.from(`,${withoutProof}`)]);
    const keys = deriveKeys(hash, password, salt, iterations);
    expectedSignature = serverSignature(hash, keys, authMessage);
    return Buffer.from(`${withoutProof},p=${clientProof(hash, keys, authMessage).toString('base64')}`);
  };
  const believe = (challenge: Buffer) => {
    const signature = parseServerFinal(challenge.toString('latin1'));
    if (signature.length !== expectedSignature?.length || !timingSafeEqual(signature, expectedSignature)) {
      throw new SaslError('the server does not know the password (wrong SCRAM signature)');
    }
    isProven = true;
    return Buffer.alloc(0);
  };
  const verifyServer = () => {
    if (!isProven) throw new SaslError('the server did not prove that it knows the password (no SCRAM signature)');
  };
  return followCourse(name, {
    initial: Buffer.from(`${header}${clientFirstBare}`),
    steps: [prove, believe],
    verifyServer,
  });
}

function bindingFor({ bindings }: Channel, { binding = bindings[0] }: StartOptions): ChannelBinding {
  if (binding === undefined) throw new SaslError('this connection has no channel binding for SCRAM');
  return binding;
}

/**
 * Returns the header without a binding. `y` tells the server that the client supports bindings and saw no -PLUS form. If the server
 * offered one, an attacker removed it, and the server stops. With a -PLUS form in the offer the header is `n` (RFC 5802 section 6).
 */
function unboundHeader({ bindings }: Channel, { offered }: StartOptions): string {
  const sawNone = offered !== undefined && !offered.some((name) => /^SCRAM-.*-PLUS$/.test(name));
  return bindings.length > 0 && sawNone ? 'y,,' : 'n,,';
}

/** Returns a printable nonce without commas, from 24 random octets. */
function freshNonce(): string {
  return randomBytes(24).toString('base64');
}
