/** The secrets that the lmtp function may read, including those that parameters name (`secretsmanager:NAME`). */
import { Stack, Token } from 'aws-cdk-lib';
import { type ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { expand, parameterNames } from '../../functions/parameters/parameters.ts';
import type { ParameterValues } from '../properties/parameter-environment.ts';
import { PropsError, refuse } from '../properties/props-error.ts';
import { keepTokens, withoutTokens } from '../properties/tokens.ts';
import type { AnySecret } from './permissions.ts';

/**
 * Returns the secrets of the properties, and those that parameters name besides.
 *
 * @param scope the construct for references to the named secrets
 * @throws PropsError for an invalid name, or one known only at deployment that belongs to no secret of the properties
 */
export function permittedSecrets(
  scope: Construct,
  parameters: ParameterValues,
  given: readonly AnySecret[],
): readonly AnySecret[] {
  const known = new Set(given.flatMap((secret) => namesOf(secret).map((name) => resolved(scope, name))));
  const named = secretsNamedIn(parameters).filter((name) => !known.has(resolved(scope, name)));
  const unknown = named.find((name) => Token.isUnresolved(name));
  if (unknown !== undefined) {
    throw new PropsError(
      `secrets: parameters name a secret "${withoutTokens(unknown)}" that is known only at deployment: add the secret itself to secrets`,
    );
  }
  const wrong = named.find((name) => !isSecretName(name));
  if (wrong !== undefined) throw refuse('parameters', `secretsmanager:${wrong}`, 'a name or an ARN of a secret');
  return [...given, ...named.map((name, index) => secretNamed(scope, `NamedSecret${index}`, name))];
}

/** Returns whether a text is a valid name or ARN of a secret. */
export function isSecretName(nameOrArn: string): boolean {
  if (!nameOrArn.startsWith('arn:')) return /^[\w/+=.@-]{1,512}$/.test(nameOrArn);
  return /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]+$/.test(nameOrArn);
}

/** Returns a reference to a secret of this account by its name, or of any account by its ARN. */
export function secretNamed(scope: Construct, id: string, nameOrArn: string): ISecret {
  if (!nameOrArn.startsWith('arn:')) return Secret.fromSecretNameV2(scope, id, nameOrArn);
  // An ARN without the six characters that Secrets Manager adds is partial.
  return /-[A-Za-z0-9]{6}$/.test(nameOrArn)
    ? Secret.fromSecretCompleteArn(scope, id, nameOrArn)
    : Secret.fromSecretPartialArn(scope, id, nameOrArn);
}

/** The names and ARNs of secrets in the values of parameters, each once. */
function secretsNamedIn(parameters: ParameterValues): readonly string[] {
  const { texts, restore } = keepTokens(parameters);
  const names = parameterNames
    .flatMap((name) => [...expand(name, texts).matchAll(/(?<![\w-])secretsmanager:([^\s,{}]+)/g)])
    .map(([, name = '']) => restore(name));
  return [...new Set(names)];
}

/** The names and ARNs by which parameters may refer to a secret. */
function namesOf({ secretName, secretArn, secretFullArn }: AnySecret): readonly string[] {
  return [secretName, secretArn, ...(secretFullArn === undefined ? [] : [secretFullArn])];
}

function resolved(scope: Construct, text: string): string {
  return JSON.stringify(Stack.of(scope).resolve(text));
}
