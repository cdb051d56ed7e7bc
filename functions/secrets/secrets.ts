/**
 * The port for reading secrets: passwords, tokens, private keys. Only `text` is secret; names and versions may be shown.
 */

/** One version of a secret. */
export interface Secret {
  /** Its content, which no log, error, transcript or event may contain. */
  readonly text: string;
  /** The id of the version; each content has its own. */
  readonly version: string;
}

/** A secret cannot be read or parsed. The message has its name and the reason, without its content. */
export class SecretFault extends Error {
  override readonly name = 'SecretFault';
}

/** A stage of a secret: the current version, or the one that a rotation is about to make current. */
export type SecretStage = 'AWSCURRENT' | 'AWSPENDING';

/** How a secret is fetched. */
export interface FetchOptions {
  /** Bypass the cache. Default: no. */
  readonly fresh?: boolean;
  /** Default: AWSCURRENT. */
  readonly stage?: SecretStage;
}

/** A store of secrets. */
export interface SecretStore {
  /**
   * Fetches a secret.
   *
   * @param name its name or ARN
   * @throws SecretFault
   */
  fetch(name: string, options?: FetchOptions): Promise<Secret>;
}

/** The log text for a secret that cannot be read; an alarm matches it. */
export const secretFaultNote = 'secret cannot be read';
