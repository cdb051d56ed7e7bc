/**
 * The client side of a SASL mechanism (RFC 4422): challenges and responses as octets, without base64, SMTP and sockets.
 */

import type { Credentials } from './credentials.ts';
import type { SecurityOption } from './security-options.ts';

/** Types of channel binding: data of a TLS connection that both ends can compute (RFC 5929, RFC 9266). */
export type BindingType = 'tls-exporter' | 'tls-unique' | 'tls-server-end-point';

/** A channel binding of a TLS connection. */
export interface ChannelBinding {
  readonly type: BindingType;
  readonly data: Buffer;
}

/** The connection of an exchange. */
export interface Channel {
  /** Server name, for DIGEST-MD5's `lmtp/host` and OAUTHBEARER's `host=`. */
  readonly host: string;
  /** Server port, for OAUTHBEARER; absent for a unix-domain socket. */
  readonly port?: number;
  /** The name of this host, which ANONYMOUS sends as a trace. */
  readonly ownName: string;
  readonly isEncrypted: boolean;
  /** Whether the client presented a certificate, which EXTERNAL needs. */
  readonly hasClientCertificate: boolean;
  /** The channel bindings of this connection, best first; empty without TLS. */
  readonly bindings: readonly ChannelBinding[];
}

/** Options of one exchange. */
export interface StartOptions {
  /** The binding of a -PLUS mechanism. Default: the first of the channel. Other mechanisms ignore it. */
  readonly binding?: ChannelBinding;
  /**
   * All mechanisms that the server offered over this channel (after STARTTLS, if any), in upper case, before filtering. SCRAM reports
   * the offer to the server, which detects it if an attacker removed the -PLUS forms. Absent = unknown, and not reported.
   */
  readonly offered?: readonly string[];
  /**
   * Whether {@link Exchange.verifyServer} requires the server's proof even where the mechanism makes it optional (DIGEST-MD5).
   * Default: no, as in Postfix, which accepts any 235. SCRAM always requires it.
   */
  readonly requireProof?: boolean;
  /** GSSAPI service name in DIGEST-MD5's digest-uri. Default: `lmtp`, as in Postfix. */
  readonly service?: string;
  /** The client's nonce, for published examples. Default: a fresh random one. */
  readonly nonce?: string;
}

/** One authentication. */
export interface Exchange {
  /** The initial response of AUTH. Undefined = the server speaks first; empty = an empty response, `=` on the wire. */
  readonly initial: Buffer | undefined;
  /**
   * The server's error word, if the mechanism has one (RFC 7628 section 3.2.2), to be reported with the reply that follows. Printable
   * ASCII.
   */
  readonly serverError?: string | undefined;
  /**
   * Answers a challenge.
   *
   * @throws SaslError for an invalid challenge: the caller cancels the exchange
   */
  respond(challenge: Buffer): Buffer;
  /**
   * Verifies the server after its 2xx reply.
   *
   * @throws SaslError if the server has not proved its identity as required
   */
  verifyServer(): void;
}

/** A mechanism. */
export interface Mechanism {
  /** As registered with IANA, upper case. */
  readonly name: string;
  /** The security options that it fulfils. */
  readonly properties: ReadonlySet<SecurityOption>;
  /** Whether it fits these credentials and this channel. */
  isUsable(credentials: Credentials, channel: Channel): boolean;
  /**
   * Begins an exchange.
   *
   * @throws SaslError if the credentials cannot be encoded
   */
  start(credentials: Credentials, channel: Channel, options?: StartOptions): Exchange;
}
