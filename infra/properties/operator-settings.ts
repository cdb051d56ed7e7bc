import { type Duration, Token } from 'aws-cdk-lib';
import { type OperatorSettings, operatorParameters } from '../../functions/operator/settings.ts';
import { expand } from '../../functions/parameters/parameters.ts';
import type { ParameterValues } from './parameter-environment.ts';
import { withoutTokens } from './tokens.ts';

/** What the operator's command line is told of the parameters: those that it goes by, where they were set. */
export function operatorSettings(
  transport: string,
  values: ParameterValues,
  bodyRetention?: Duration,
): OperatorSettings {
  const texts = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, withoutTokens(value)]));
  const set = operatorParameters.flatMap((name) => {
    const value = values[name] ?? '';
    // What is known only when the stack is deployed is told as it is then.
    if (Token.isUnresolved(value)) return [[name, value]];
    return expand(name, texts) === expand(name, {}) ? [] : [[name, expand(name, texts)]];
  });
  const bodies = bodyRetention === undefined ? {} : { bodyRetention: String(bodyRetention.toDays()) };
  return { ...Object.fromEntries(set), ...bodies, transport };
}
