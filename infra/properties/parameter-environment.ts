import {
  expand,
  isParameterName,
  ParameterError,
  type Parameters,
  parseParameters,
  variableName,
} from '../../functions/parameters/parameters.ts';
import { hasPasswords, hidePasswords } from '../../functions/secrets/open-password-maps.ts';
import { PropsError } from './props-error.ts';
import { withoutTokens } from './tokens.ts';

/** Postfix parameters by their own names, with values as main.cf has them: `{ lmtp_mail_timeout: '2s' }`. */
export type ParameterValues = Readonly<Record<string, string>>;

/**
 * What the functions will make of these parameters. Files of maps are where the functions run, not here: they are looked at
 * when a function starts.
 *
 * @throws PropsError naming the parameter, its value and what is allowed; a password in clear is not
 */
export function checkParameters(values: ParameterValues): Parameters {
  try {
    const texts = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, withoutTokens(value)]));
    const parameters = parseParameters(texts, { readFile: () => undefined });
    refusePasswords(expand('lmtp_sasl_password_maps', texts));
    return parameters;
  } catch (error) {
    if (error instanceof ParameterError) throw new PropsError(`parameters: ${error.message}`, { cause: error });
    throw error;
  }
}

/** Whoever may look at a function sees its environment. */
function refusePasswords(maps: string): void {
  if (!hasPasswords(maps)) return;
  throw new PropsError(
    `parameters: lmtp_sasl_password_maps: "${hidePasswords(maps)}" is not allowed: the environment of a function is no place for passwords; ` +
      'put them into a secret of Secrets Manager, as {"host": "user:password"}, and name that: secretsmanager:NAME',
  );
}

/**
 * The environment variables that carry parameters to the functions: `lmtp_mail_timeout` travels as `LMTP_MAIL_TIMEOUT`.
 * Only what is given travels, as it is written: the functions know the defaults and follow a `$name` themselves.
 */
export function parameterEnvironment(values: ParameterValues): Record<string, string> {
  const entries = Object.entries(values);
  return Object.fromEntries(
    entries.flatMap(([name, value]) => (isParameterName(name) ? [[variableName(name), value]] : [])),
  );
}
