/**
 * Reads secrets from AWS Secrets Manager.
 *
 * Only name and message of an error are passed on; the client has put them in words (explained-errors.ts). Other parts of
 * the SDK's errors may contain the secret.
 */

import {
  GetSecretValueCommand,
  type GetSecretValueCommandOutput,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { errorWords } from '../log/error-words.ts';
import type { SecretSource } from '../secrets/secret-cache.ts';
import { type Secret, SecretFault, type SecretStage } from '../secrets/secrets.ts';
import { callOf } from './calls.ts';
import { errorKind, explain } from './explained-errors.ts';

/** Secrets Manager, as the source of a cache. */
export class SecretsManagerSource implements SecretSource {
  readonly #makeClient: () => SecretsManagerClient;
  #client: SecretsManagerClient | undefined;

  /** @param makeClient called when the first secret is read: many servers need no password */
  constructor(makeClient: () => SecretsManagerClient) {
    this.#makeClient = makeClient;
  }

  /**
   * Reads a secret that is text.
   *
   * @param name its name, or its ARN with or without the six characters at its end
   * @throws SecretFault with the name of AWS's error: ResourceNotFoundException, AccessDeniedException, TimeoutError...
   */
  async read(name: string, stage: SecretStage): Promise<Secret> {
    const which = stage === 'AWSCURRENT' ? `"${name}"` : `"${name}" (${stage})`;
    const { SecretString: text, VersionId: version } = await this.#ask(name, stage).catch((error: unknown) => {
      throw new SecretFault(`the secret ${which} cannot be read: ${faultWords(error, name)}`);
    });
    if (text === undefined) throw new SecretFault(`the secret ${which} is binary; expected text`);
    if (version === undefined) throw new SecretFault(`the secret ${which} has no version id`);
    return { text, version };
  }

  async #ask(name: string, stage: SecretStage): Promise<GetSecretValueCommandOutput> {
    this.#client ??= this.#makeClient();
    return await this.#client.send(new GetSecretValueCommand({ SecretId: name, VersionStage: stage }));
  }
}

/** The words of an error of AWS; of any other only the name, because its message may contain what was read. */
function faultWords(error: unknown, name: string): string {
  // Also where the client has not done it: the error of a response that cannot be parsed quotes it.
  const explained = explain(error, callOf('SECRETS_MANAGER', 'GetSecretValue', { SecretId: name }));
  if (errorKind(explained) !== undefined) return errorWords(explained);
  return error instanceof Error ? error.name : 'unknown error';
}
