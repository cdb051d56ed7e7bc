/**
 * The port through which secrets are read: passwords, tokens, private keys. What is secret stays in `text`; names and versions
 * may be shown.
 */

/** A secret as it was at some moment. */
export interface Secret {
  /** Its content. Never in a log, an error, a transcript or an event. */
  readonly text: string;
  /** Which version of the secret that is; another content has another version. */
  readonly version: string;
}

/** A secret cannot be read or understood. The message says which and why, in words without its content. */
export class SecretFault extends Error {
  override readonly name = 'SecretFault';
}

/** Which version of a secret: the one in use, or the one that a rotation is about to put in its place. */
export type SecretStage = 'AWSCURRENT' | 'AWSPENDING';

/** What is asked for. */
export interface FetchOptions {
  /** As it is now, not as it was when it was last read. Default: no. */
  readonly fresh?: boolean;
  /** Default: AWSCURRENT. */
  readonly stage?: SecretStage;
}

/** Where secrets are. */
export interface SecretStore {
  /**
   * Fetches a secret.
   *
   * @param name its name or ARN
   * @throws SecretFault
   */
  fetch(name: string, options?: FetchOptions): Promise<Secret>;
}

/** What the log says where a secret could not be read; an alarm looks for it. */
export const secretFaultNote = 'secret cannot be read';
