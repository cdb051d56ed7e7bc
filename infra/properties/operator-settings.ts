import { type Duration, Token } from 'aws-cdk-lib';
import { type OperatorSettings, operatorParameters } from '../../functions/operator/settings.ts';
import { expand } from '../../functions/parameters/parameters.ts';
import type { ParameterValues } from './parameter-environment.ts';
import { withoutTokens } from './tokens.ts';

/** Returns the parameters that the operator's command line needs, if they are set. */
export function operatorSettings(
  transport: string,
  values: ParameterValues,
  bodyRetention?: Duration,
): OperatorSettings {
  const texts = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, withoutTokens(value)]));
  const set = operatorParameters.flatMap((name) => {
    const value = values[name] ?? '';
    // A value known only at deployment is passed on as a token.
    if (Token.isUnresolved(value)) return [[name, value]];
    return expand(name, texts) === expand(name, {}) ? [] : [[name, expand(name, texts)]];
  });
  const bodies = bodyRetention === undefined ? {} : { bodyRetention: String(bodyRetention.toDays()) };
  return { ...Object.fromEntries(set), ...bodies, transport };
}
