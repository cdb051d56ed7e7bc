/**
 * TLS on an open connection: the handshake and its result. The policy judges the certificate, so none is refused here.
 */

import { createHash, type X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { type ConnectionOptions, type SecureVersion, type TLSSocket, connect as wrap } from 'node:tls';
import { Interrupted } from '../lmtp/dialogue.ts';
import type { BindingType, ChannelBinding } from '../sasl/mechanism.ts';
import { certificateFacts } from '../tls/certificate.ts';
import type { Secured } from '../tls/secured.ts';
import { type Limit, withLimit } from './limit.ts';

/** The options of a handshake. */
export interface TlsRequest {
  /** The name to send (SNI, RFC 6066 section 3); absent: none. */
  readonly servername?: string;
  readonly minVersion: SecureVersion;
  readonly maxVersion: SecureVersion;
  /** Roots to trust, PEM; absent: those of the runtime. */
  readonly ca?: readonly string[];
  /** The client certificate with its chain, PEM. */
  readonly cert?: string;
  /** Its key, PEM. */
  readonly key?: string;
}

/** The handshake failed. The message is OpenSSL's reason. */
export class TlsError extends Error {
  override readonly name = 'TlsError';
}

/**
 * Makes the handshake.
 *
 * @throws TlsError    if it fails, or the server ends the connection or is silent
 * @throws Interrupted if the time of the function runs out
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
    // For example, a version that the runtime does not support.
    throw new TlsError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
  secured.once('secureConnect', () => resolve(secured));
  secured.once('error', fail);
  secured.once('close', () => fail(new Error('the server closed the connection')));
  try {
    const outcome = await withLimit(promise, limit);
    if (outcome === 'deadline') throw new Interrupted('STARTTLS', outcome);
    // A silent server counts as one that fails at TLS: where TLS is optional, mail must not wait for it without end.
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
    // An empty name sends none; without it, Node would send the host.
    servername: servername ?? '',
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
  };
}

function describe(socket: TLSSocket, { cert }: TlsRequest): Secured {
  const certificate = socket.getPeerX509Certificate();
  // Node has a code here, unlike its types.
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

/** Returns OpenSSL's reason without its file, line and function; `undefined` for other errors. */
export function alertWords(error: Error): string | undefined {
  return 'reason' in error && typeof error.reason === 'string' ? error.reason : undefined;
}

function handshakeWords(error: Error): string {
  const words = alertWords(error);
  if (words !== undefined) return words;
  return 'code' in error && error.code === 'ECONNRESET' ? 'the server closed the connection' : error.message;
}

/**
 * Returns the channel bindings of a connection. For TLS 1.3 the RFC specifies `tls-exporter` (RFC 9266), but `tls-unique` (RFC 5929
 * section 3) comes first there too. Cyrus supports only that, and treats any other as a wrong password, while servers that follow the
 * RFC report at once that they need the other type.
 */
function bindingsOf(socket: TLSSocket, certificate: X509Certificate | undefined): readonly ChannelBinding[] {
  return [
    // In a full handshake the client's Finished message is the first, and this client never resumes sessions.
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
    // This connection does not have a binding of this type.
    return [];
  }
}

/** Returns the hash by the algorithm of the certificate's signature; SHA-256 replaces weaker ones (RFC 5929 section 4.1). */
function certificateHash({ raw, signatureAlgorithm }: X509Certificate): Buffer | undefined {
  const signed = /sha(1|224|256|384|512)\b|sha(1|224|256|384|512)with|md5/i.exec(signatureAlgorithm ?? '')?.[0];
  if (signed === undefined) return undefined;
  const algorithm = /384|512|224/.exec(signed)?.[0] ?? '256';
  return createHash(`sha${algorithm}`).update(raw).digest();
}
