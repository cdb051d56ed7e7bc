/** Who we are, and how we prove it. */
export interface Credentials {
  /** The authentication identity. May be empty for EXTERNAL: then the certificate says it all. */
  readonly user: string;
  /** Password or token; empty = none. */
  readonly secret: string;
  /** A password is never sent by a mechanism for tokens, nor a token by one for passwords. */
  readonly kind: 'password' | 'token';
}
