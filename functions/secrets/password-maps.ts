/**
 * Passwords by server, from one or several maps (Postfix smtp_sasl_glue.c:smtp_sasl_passwd_lookup).
 */

import type { Credentials } from '../sasl/credentials.ts';
import type { FetchOptions, Secret, SecretStore } from './secrets.ts';

/** A password, with its source. */
export interface Password {
  readonly credentials: Credentials;
  /** The version of its secret; `static` for a map without versions. */
  readonly version: string;
  /** Its map: the type, with the name of the file or secret. Never content. */
  readonly source: string;
}

/** One map of passwords. */
export interface PasswordTable {
  /** Its name in logs and errors: the type, with the name of the file or secret. */
  readonly source: string;
  /** The secret that it reads, if any. */
  readonly secret?: string;
  /**
   * Looks up one key.
   *
   * @throws SecretFault when the map cannot be read or parsed
   */
  find(key: string, secrets: SecretStore, options?: FetchOptions): Promise<Omit<Password, 'source'> | undefined>;
}

/** Open maps of passwords. */
export class PasswordMaps {
  /** Whether there are no maps. */
  readonly isEmpty: boolean;
  /** Names and ARNs of the secrets that they read. */
  readonly secretNames: readonly string[];
  readonly #tables: readonly PasswordTable[];

  constructor(tables: readonly PasswordTable[]) {
    this.isEmpty = tables.length === 0;
    this.secretNames = tables.flatMap(({ secret }) => (secret === undefined ? [] : [secret]));
    this.#tables = tables;
  }

  /**
   * Returns the first entry: all maps are searched for the first key before any is searched for the second. A secret is fetched
   * once for all keys.
   *
   * @param keys the server's host name, and the next-hop as written without `inet:`; an empty key has no entry
   * @param options how secrets are fetched
   * @throws SecretFault when a map cannot be read or parsed
   */
  async find(keys: readonly string[], secrets: SecretStore, options?: FetchOptions): Promise<Password | undefined> {
    const fetching = fetchingOnce(secrets);
    for (const key of keys.filter((key) => key !== '')) {
      for (const table of this.#tables) {
        const found = await table.find(key, fetching, options);
        if (found !== undefined) return { ...found, source: table.source };
      }
    }
    return undefined;
  }
}

/** Returns a store that fetches each secret once. */
function fetchingOnce(secrets: SecretStore): SecretStore {
  const fetched = new Map<string, Promise<Secret>>();
  return {
    fetch: (name, options) => {
      const known = fetched.get(name) ?? secrets.fetch(name, options);
      fetched.set(name, known);
      return known;
    },
  };
}
