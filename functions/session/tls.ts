/**
 * TLS on an open connection: the handshake, and what it came to. Whether that is good enough is for policy to say, so no
 * certificate is refused here.
 */

import { createHash, type X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { type ConnectionOptions, type SecureVersion, type TLSSocket, connect as wrap } from 'node:tls';
import { Interrupted } from '../lmtp/dialogue.ts';
import type { BindingType, ChannelBinding } from '../sasl/mechanism.ts';
import { certificateFacts } from '../tls/certificate.ts';
import type { Secured } from '../tls/secured.ts';
import { type Limit, withLimit } from './limit.ts';

/** How a handshake is made. */
export interface TlsRequest {
  /** The name to ask for (SNI, RFC 6066 section 3); absent: none. */
  readonly servername?: string;
  readonly minVersion: SecureVersion;
  readonly maxVersion: SecureVersion;
  /** Roots to trust, PEM; absent: those of the runtime. */
  readonly ca?: readonly string[];
  /** Our certificate with its chain, PEM. */
  readonly cert?: string;
  /** Its key, PEM. */
  readonly key?: string;
}

/** The handshake failed. The message is the reason, in OpenSSL's words. */
export class TlsError extends Error {
  override readonly name = 'TlsError';
}

/**
 * Makes the handshake.
 *
 * @throws TlsError    when there is no agreement, or the server ends the connection or lets the time pass
 * @throws Interrupted when our own time is up
 */
export async function secure(
  socket: Socket,
  request: TlsRequest,
  limit: Limit,
): Promise<{ readonly socket: TLSSocket; readonly secured: Secured }> {
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
  const fail = (cause: Error) => reject(new TlsError(handshakeWords(cause), { cause }));
  let secured: TLSSocket;
  try {
    secured = wrap({ ...optionsOf(request), socket });
  } catch (cause) {
    // Such as a version that this runtime cannot speak.
    throw new TlsError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
  secured.once('secureConnect', () => resolve(secured));
  secured.once('error', fail);
  secured.once('close', () => fail(new Error('the server closed the connection')));
  try {
    const outcome = await withLimit(promise, limit);
    if (outcome === 'deadline') throw new Interrupted('STARTTLS', outcome);
    // A server that stands still is one that cannot do TLS: where TLS is no duty, mail must not wait for it for ever.
    if (outcome === 'timeout') throw new TlsError('timed out');
    return { socket: outcome, secured: describe(outcome, request) };
  } catch (error) {
    secured.on('error', () => {});
    secured.destroy();
    throw error;
  } finally {
    secured.removeListener('error', fail);
    secured.removeAllListeners('close');
  }
}

function optionsOf({ servername, ca, ...request }: TlsRequest): ConnectionOptions {
  return {
    ...request,
    ...(ca === undefined ? {} : { ca: [...ca] }),
    // An empty name sends none; Node would take the host for one otherwise.
    servername: servername ?? '',
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
  };
}

function describe(socket: TLSSocket, { cert }: TlsRequest): Secured {
  const certificate = socket.getPeerX509Certificate();
  // Node puts a code here, whatever its types say.
  const chainError: unknown = socket.authorized ? undefined : socket.authorizationError;
  return {
    protocol: socket.getProtocol() ?? 'unknown',
    cipher: socket.getCipher().standardName ?? socket.getCipher().name,
    ...(certificate === undefined ? {} : { certificate: certificateFacts(certificate) }),
    ...(chainError === undefined || chainError === null ? {} : { chainError: String(chainError) }),
    bindings: bindingsOf(socket, certificate),
    hasClientCertificate: cert !== undefined,
  };
}

/** OpenSSL's reason without its file, line and function; absent where the error is none of OpenSSL's. */
export function alertWords(error: Error): string | undefined {
  return 'reason' in error && typeof error.reason === 'string' ? error.reason : undefined;
}

function handshakeWords(error: Error): string {
  const words = alertWords(error);
  if (words !== undefined) return words;
  return 'code' in error && error.code === 'ECONNRESET' ? 'the server closed the connection' : error.message;
}

/**
 * The names that both ends have for this connection. `tls-exporter` is the one that TLS 1.3 is meant to have (RFC 9266); all
 * the same `tls-unique` (RFC 5929 section 3) comes first there too. Cyrus knows nothing else, whatever the version, and takes
 * another for a wrong password, while servers that keep to the RFC say at once that they want the other.
 */
function bindingsOf(socket: TLSSocket, certificate: X509Certificate | undefined): readonly ChannelBinding[] {
  return [
    // The client's Finished message is the first of a full handshake, and none of ours is a resumed one.
    ...binding('tls-unique', () => socket.getFinished()),
    ...binding('tls-exporter', () => socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0))),
    ...binding('tls-server-end-point', () => certificate && certificateHash(certificate)),
  ];
}

function binding(type: BindingType, find: () => Buffer | undefined): readonly ChannelBinding[] {
  try {
    const data = find();
    return data === undefined ? [] : [{ type, data }];
  } catch {
    // What this connection cannot be named by is no way to name it.
    return [];
  }
}

/** Hash by the algorithm of the certificate's signature; what is weaker than SHA-256 counts as that (RFC 5929 section 4.1). */
function certificateHash({ raw, signatureAlgorithm }: X509Certificate): Buffer | undefined {
  const signed = /sha(1|224|256|384|512)\b|sha(1|224|256|384|512)with|md5/i.exec(signatureAlgorithm ?? '')?.[0];
  if (signed === undefined) return undefined;
  const algorithm = /384|512|224/.exec(signed)?.[0] ?? '256';
  return createHash(`sha${algorithm}`).update(raw).digest();
}
