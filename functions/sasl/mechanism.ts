/**
 * A SASL mechanism as its client sees it (RFC 4422): octets come in, octets go out. There is no base64 here, no SMTP and no
 * socket.
 */

import type { Credentials } from './credentials-type.ts';
import type { SecurityOption } from './security-options.ts';

export type { Credentials } from './credentials-type.ts';

/** Ways to name a TLS connection so that both its ends give it the same name (RFC 5929, RFC 9266). */
export type BindingType = 'tls-exporter' | 'tls-unique' | 'tls-server-end-point';

/** One name of a TLS connection. */
export interface ChannelBinding {
  readonly type: BindingType;
  readonly data: Buffer;
}

/** The connection over which the exchange goes. */
export interface Channel {
  /** Server name, as DIGEST-MD5's `lmtp/host` and OAUTHBEARER's `host=` want it. */
  readonly host: string;
  /** Server port, for OAUTHBEARER; absent for a socket that has none. */
  readonly port?: number;
  /** Our own name, which ANONYMOUS leaves as a trace. */
  readonly ownName: string;
  readonly isEncrypted: boolean;
  /** Whether we showed a certificate, so that EXTERNAL has something to refer to. */
  readonly hasClientCertificate: boolean;
  /** What this connection can be bound to, best first; empty without TLS. */
  readonly bindings: readonly ChannelBinding[];
}

/** What may differ from one exchange to the next over the same channel. */
export interface StartOptions {
  /** What a -PLUS mechanism binds to; without it, the first of the channel. Other mechanisms take no notice. */
  readonly binding?: ChannelBinding;
  /**
   * All mechanisms that the server offered over this channel (after STARTTLS, where there was one), in upper case and before
   * any filter of ours. SCRAM tells the server what it saw, so that an offer from which somebody took the -PLUS forms is
   * noticed. Absent = not known, and nothing is told.
   */
  readonly offered?: readonly string[];
  /**
   * Whether {@link Exchange.conclude} insists on the server's proof also where the mechanism leaves it to the server to
   * give one (DIGEST-MD5). Default: no, as Postfix, which believes a 235 whatever came before it. SCRAM always insists.
   */
  readonly requireProof?: boolean;
  /** GSSAPI service name in DIGEST-MD5's digest-uri. Default: `lmtp`, as Postfix. */
  readonly service?: string;
  /** The client's nonce, so that published examples can be followed. Default: a fresh random one. */
  readonly nonce?: string;
}

/** The exchange cannot go on. The words are for log and sender: there is no secret in them. */
export class SaslError extends Error {
  override readonly name: string = 'SaslError';
}

/** The server does not take the channel binding that was used: another type may do. */
export class ChannelBindingError extends SaslError {
  override readonly name = 'ChannelBindingError';
}

/** One authentication. */
export interface Exchange {
  /** What goes with the AUTH command. Undefined = the server speaks first; empty = an empty response, `=` on the wire. */
  readonly initial: Buffer | undefined;
  /**
   * The server's reason for saying no, where the mechanism has words for it (RFC 7628 section 3.2.2): to be told beside the
   * reply code that follows. Printable ASCII.
   */
  readonly serverError?: string | undefined;
  /**
   * Answers a challenge.
   *
   * @throws SaslError where the challenge is not what it should be: the exchange is to be cancelled
   */
  respond(challenge: Buffer): Buffer;
  /**
   * To be called when the server says yes (2xx).
   *
   * @throws SaslError if the server has not proved itself as it must
   */
  conclude(): void;
}

/** A way to authenticate. */
export interface Mechanism {
  /** As registered with IANA, upper case. */
  readonly name: string;
  /** The security options that the mechanism survives. */
  readonly properties: ReadonlySet<SecurityOption>;
  /** Whether it can do anything with these credentials over this channel. */
  isUsable(credentials: Credentials, channel: Channel): boolean;
  /**
   * Begins an exchange.
   *
   * @throws SaslError if the credentials cannot be put into the mechanism's form
   */
  start(credentials: Credentials, channel: Channel, options?: StartOptions): Exchange;
}
