/**
 * Secrets on the command line: from AWS Secrets Manager, with the operator's credentials.
 */

import { SecretCache } from '../secrets/secret-cache.ts';
import type { SecretStore } from '../secrets/secrets.ts';
import type { Run } from './run.ts';

/** Returns a store that reads Secrets Manager. The SDK is loaded with the first secret: most deliveries need none. */
export function commandSecrets({ aws }: Run): SecretStore {
  return new SecretCache({
    read: async (name, stage) => {
      const [{ makeSecretsManagerClient }, { SecretsManagerSource }] = await Promise.all([
        import('../aws/clients.ts'),
        import('../aws/secrets-manager.ts'),
      ]);
      const client = makeSecretsManagerClient(aws);
      try {
        return await new SecretsManagerSource(() => client).read(name, stage);
      } finally {
        client.destroy();
      }
    },
  });
}
