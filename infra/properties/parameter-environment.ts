import {
  expand,
  isParameterName,
  ParameterError,
  type Parameters,
  parseParameters,
  variableName,
} from '../../functions/parameters/parameters.ts';
import { hasPasswords, hidePasswords } from '../../functions/secrets/open-password-maps.ts';
import { parameterFileUses, readLocalFile } from './local-files.ts';
import { PropsError } from './props-error.ts';
import { withoutTokens } from './tokens.ts';

/** Postfix parameters by name, with values as in main.cf: `{ lmtp_mail_timeout: '2s' }`. */
export type ParameterValues = Readonly<Record<string, string>>;

/**
 * Returns the parameters as the functions will read them. Files of this machine are checked; others exist only in the functions, and
 * are checked there.
 *
 * @throws PropsError with the parameter, its value and what is allowed; also for a password in clear text
 */
export function checkParameters(values: ParameterValues): Parameters {
  try {
    const texts = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, withoutTokens(value)]));
    parameterFileUses(values);
    const parameters = parseParameters(texts, { readFile: readLocalFile });
    refusePasswords(expand('lmtp_sasl_password_maps', texts));
    return parameters;
  } catch (error) {
    if (error instanceof ParameterError) throw new PropsError(`parameters: ${error.message}`, { cause: error });
    throw error;
  }
}

/** Refuses passwords: the environment is visible to all users with read access to the function. */
function refusePasswords(maps: string): void {
  if (!hasPasswords(maps)) return;
  throw new PropsError(
    `parameters: lmtp_sasl_password_maps: "${hidePasswords(maps)}" is not allowed: the environment of a function must not contain passwords; ` +
      'store them in a secret of Secrets Manager, as {"host": "user:password"}, and set secretsmanager:NAME',
  );
}

/**
 * Returns the environment variables for the parameters: `lmtp_mail_timeout` becomes `LMTP_MAIL_TIMEOUT`. Only parameters that are
 * set are passed, unchanged: the functions have the defaults and expand `$name`.
 */
export function parameterEnvironment(values: ParameterValues): Record<string, string> {
  const entries = Object.entries(values);
  return Object.fromEntries(
    entries.flatMap(([name, value]) => (isParameterName(name) ? [[variableName(name), value]] : [])),
  );
}
