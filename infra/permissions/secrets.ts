/** Secrets that parameters name (`secretsmanager:NAME`), as what the lmtp function is permitted to read. */
import { Stack, Token } from 'aws-cdk-lib';
import { type ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { expand, parameterNames } from '../../functions/parameters/parameters.ts';
import type { ParameterValues } from '../properties/parameter-environment.ts';
import { PropsError, refuse } from '../properties/props-error.ts';
import { keepTokens, withoutTokens } from '../properties/tokens.ts';
import type { AnySecret } from './permissions.ts';

/**
 * The secrets that were given, and those that parameters name besides.
 *
 * @param scope where the secrets that are only named are looked up
 * @throws PropsError for a name that cannot be one, or is known only when deployed and belongs to none of the secrets given
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
      `secrets: parameters name a secret "${withoutTokens(unknown)}" that is known only when deployed: the secret itself is wanted in secrets`,
    );
  }
  const wrong = named.find((name) => !isSecretName(name));
  if (wrong !== undefined) throw refuse('parameters', `secretsmanager:${wrong}`, 'a name or an ARN of a secret');
  return [...given, ...named.map((name, index) => secretNamed(scope, `NamedSecret${index}`, name))];
}

/** Whether Secrets Manager could have a secret of that name, or ARN. */
export function isSecretName(nameOrArn: string): boolean {
  if (!nameOrArn.startsWith('arn:')) return /^[\w/+=.@-]{1,512}$/.test(nameOrArn);
  return /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]+$/.test(nameOrArn);
}

/** A secret of this account by its name, or any by its ARN. */
export function secretNamed(scope: Construct, id: string, nameOrArn: string): ISecret {
  if (!nameOrArn.startsWith('arn:')) return Secret.fromSecretNameV2(scope, id, nameOrArn);
  // An ARN that lacks the six characters Secrets Manager adds is a partial one.
  return /-[A-Za-z0-9]{6}$/.test(nameOrArn)
    ? Secret.fromSecretCompleteArn(scope, id, nameOrArn)
    : Secret.fromSecretPartialArn(scope, id, nameOrArn);
}

/** Names and ARNs of secrets in the values of parameters, each once. */
function secretsNamedIn(parameters: ParameterValues): readonly string[] {
  const { texts, restore } = keepTokens(parameters);
  const names = parameterNames
    .flatMap((name) => [...expand(name, texts).matchAll(/(?<![\w-])secretsmanager:([^\s,{}]+)/g)])
    .map(([, name = '']) => restore(name));
  return [...new Set(names)];
}

/** The names by which parameters may call a secret. */
function namesOf({ secretName, secretArn, secretFullArn }: AnySecret): readonly string[] {
  return [secretName, secretArn, ...(secretFullArn === undefined ? [] : [secretFullArn])];
}

function resolved(scope: Construct, text: string): string {
  return JSON.stringify(Stack.of(scope).resolve(text));
}
