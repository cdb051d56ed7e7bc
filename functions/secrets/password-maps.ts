/**
 * Passwords by server, as lmtp_sasl_password_maps names them (Postfix sasl_passwd; smtp_sasl_glue.c:smtp_sasl_passwd_lookup).
 */

import type { Credentials } from '../sasl/mechanism.ts';
import type { FetchOptions, SecretStore } from './secrets.ts';

/** A password that was found. */
export interface Password {
  readonly credentials: Credentials;
  /** The version of the secret it stands in; `static` where a map has no versions. */
  readonly version: string;
  /** The map it was found in: its type, with the name of its file or secret. Never content. */
  readonly source: string;
}

/** One map that passwords are looked up in. */
export interface PasswordTable {
  /** How logs and errors call it: its type, with the name of its file or secret. */
  readonly source: string;
  /**
   * Looks up one key.
   *
   * @throws SecretFault where the map cannot be read or understood
   */
  find(key: string, secrets: SecretStore, options?: FetchOptions): Promise<Omit<Password, 'source'> | undefined>;
}

/** Maps of passwords that were opened. */
export class PasswordMaps {
  /** Whether there is none to ask. */
  readonly isEmpty: boolean;
  readonly #tables: readonly PasswordTable[];

  constructor(tables: readonly PasswordTable[]) {
    this.isEmpty = tables.length === 0;
    this.#tables = tables;
  }

  /**
   * The first hit: every map is asked for the first key before any is asked for the second.
   *
   * @param keys the server's host name, and the next-hop as written without `inet:`
   * @param options how a map that is a secret is fetched
   * @throws SecretFault where a map that was to be asked cannot be read or understood
   */
  async find(keys: readonly string[], secrets: SecretStore, options?: FetchOptions): Promise<Password | undefined> {
    for (const key of keys.filter((key) => key !== '')) {
      for (const table of this.#tables) {
        const found = await table.find(key, secrets, options);
        if (found !== undefined) return { ...found, source: table.source };
      }
    }
    return undefined;
  }
}
