/**
 * Secrets that a test writes and changes, behind the cache of a function.
 *
 *     const secrets = changingSecrets({ 'lmtp/sasl': '{"127.0.0.1": "joe:..."}' });
 *     testAgent({ lmtp_sasl_password_maps: 'secretsmanager:lmtp/sasl', ... }, { secrets: secrets.store });
 *     secrets.put('lmtp/sasl', '...');
 */
import { SecretCache, type SecretSource } from '../../functions/secrets/secret-cache.ts';
import { type Secret, SecretFault, type SecretStore } from '../../functions/secrets/secrets.ts';
import type { Clock } from '../../functions/time/clock.ts';

export interface ChangingSecrets {
  /** For the agent. */
  readonly store: SecretStore;
  /** How often a secret was really read, not taken from the cache. */
  readonly reads: number;
  /** Gives a secret a new version. */
  put(name: string, text: string): void;
  /** Makes it unreadable from now on, for this reason. */
  withhold(name: string, reason: string): void;
}

/** Makes secrets, each in its first version; the clock decides when the cache reads again. */
export function changingSecrets(texts: Readonly<Record<string, string>>, clock?: Clock): ChangingSecrets {
  const secrets = new Map<string, Secret | SecretFault>();
  let versions = 0;
  let reads = 0;
  const put = (name: string, text: string) => {
    versions += 1;
    secrets.set(name, { text, version: `version-${versions}` });
  };
  for (const [name, text] of Object.entries(texts)) put(name, text);
  const source: SecretSource = {
    async read(name) {
      reads += 1;
      const secret = secrets.get(name) ?? new SecretFault(`secret ${name}: there is none`);
      if (secret instanceof SecretFault) throw secret;
      return secret;
    },
  };
  return {
    store: new SecretCache(source, clock === undefined ? {} : { clock }),
    get reads() {
      return reads;
    },
    put,
    withhold: (name, reason) => secrets.set(name, new SecretFault(`secret ${name}: ${reason}`)),
  };
}
