/** The TLS of a scripted server: its settings, and the handshake at the server's end. */
import type { Socket } from 'node:net';
import { createServer, type SecureVersion, type TLSSocket } from 'node:tls';

/** Settings of a server for TLS. */
export interface TlsScript {
  /** PEM: the certificate, then those above it, and its key. */
  readonly certificate: { readonly cert: string; readonly key: string };
  /** `starttls`: STARTTLS is offered and waited for. `implicit`: TLS from the first octet on. Default: starttls. */
  readonly begins?: 'starttls' | 'implicit';
  /** Lines of the reply to LHLO under TLS. Default: those without TLS, except STARTTLS. */
  readonly capabilities?: readonly string[];
  /** Whether STARTTLS is among the offers without TLS. Default: yes. */
  readonly offered?: boolean;
  /** Plain text directly after the reply to STARTTLS, in the same write. */
  readonly injected?: string;
  /**
   * The course of the handshake: `garbage` = octets that are not TLS, in reply to the client's first, and
   * then silence; the others as what follows a reply (DetailedReply.then). Default: correct.
   */
  readonly handshake?: 'right' | 'garbage' | 'close' | 'reset' | 'silence' | 'stall';
  /** Default: those of the runtime. */
  readonly minVersion?: SecureVersion;
  readonly maxVersion?: SecureVersion;
  /** `ask` for a client's certificate, or `require` one. Default: neither. */
  readonly clientCertificate?: 'ask' | 'require';
  /** PEM: the authorities of clients' certificates; without it none of them is trusted, and `require` refuses all. */
  readonly ca?: string;
}

/** The server's record of a handshake. */
export interface HandshakeRecord {
  /** `TLSv1.3` */
  readonly protocol: string;
  /** The name that the client asked for (SNI). */
  readonly servername?: string;
  /** Subject of the client's certificate. */
  readonly client_certificate?: string;
  /** Whether it came from an authority of `ca`. */
  readonly client_trusted?: boolean;
}

/** Sent in place of a handshake: neither a record of TLS nor a line. */
export const garbage = Buffer.from('\u0000\u00ff no TLS here \u0000\u00ff', 'latin1');

/** The lines of the reply to LHLO after the first. */
export function capabilitiesUnder(
  capabilities: readonly string[],
  tls: TlsScript | undefined,
  isSecured: boolean,
): readonly string[] {
  if (tls === undefined) return capabilities;
  const others = capabilities.filter((keyword) => keyword !== 'STARTTLS');
  if (isSecured) return tls.capabilities ?? others;
  return tls.offered === false || tls.begins === 'implicit' ? others : [...others, 'STARTTLS'];
}

/** Makes the handshake; rejects with the reason if it fails, or the client closes. */
export function shakeHands(socket: Socket, tls: TlsScript): Promise<TLSSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
  const { certificate, clientCertificate, minVersion, maxVersion, ca } = tls;
  const isOld = maxVersion === 'TLSv1' || maxVersion === 'TLSv1.1';
  const server = createServer({
    ...certificate,
    ...(minVersion === undefined ? {} : { minVersion }),
    ...(maxVersion === undefined ? {} : { maxVersion }),
    ...(ca === undefined ? {} : { ca }),
    // The library signs no such old handshake at its usual level of security.
    ...(isOld ? { ciphers: 'DEFAULT@SECLEVEL=0' } : {}),
    requestCert: clientCertificate !== undefined,
    rejectUnauthorized: clientCertificate === 'require',
  });
  server.once('secureConnection', resolve);
  server.once('tlsClientError', reject);
  server.emit('connection', socket);
  return promise;
}

/** Returns the record of a finished handshake. */
export function recordHandshake(socket: TLSSocket): HandshakeRecord {
  // Node has `servername` here, whatever its types say; false if there is none.
  const { servername } = socket as TLSSocket & { readonly servername?: string | false };
  const certificate = socket.getPeerX509Certificate();
  return {
    protocol: socket.getProtocol() ?? 'none',
    ...(typeof servername === 'string' && servername !== '' && { servername }),
    ...(certificate !== undefined && { client_certificate: certificate.subject, client_trusted: socket.authorized }),
  };
}
