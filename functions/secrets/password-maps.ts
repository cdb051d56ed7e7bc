/**
 * Passwords by server, found in one or several maps (Postfix smtp_sasl_glue.c:smtp_sasl_passwd_lookup).
 */

import type { Credentials } from '../sasl/credentials-type.ts';
import type { FetchOptions, Secret, SecretStore } from './secrets.ts';

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
  /** The secret that it reads; absent where it reads none. */
  readonly secret?: string;
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
  /** Names and ARNs of the secrets that they read. */
  readonly secretNames: readonly string[];
  readonly #tables: readonly PasswordTable[];

  constructor(tables: readonly PasswordTable[]) {
    this.isEmpty = tables.length === 0;
    this.secretNames = tables.flatMap(({ secret }) => (secret === undefined ? [] : [secret]));
    this.#tables = tables;
  }

  /**
   * The first hit: every map is asked for the first key before any is asked for the second. A secret is fetched once,
   * however many keys there are.
   *
   * @param keys the server's host name, and the next-hop as written without `inet:`; an empty one is in no map
   * @param options how secrets are fetched
   * @throws SecretFault where a map that is to be asked cannot be read or understood
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

/** A store of the same secrets, which asks for each but once. */
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
