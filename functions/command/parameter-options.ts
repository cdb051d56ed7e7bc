/**
 * `--parameter name=value` on the command line.
 */

import { hostname } from 'node:os';
import { readTableFile } from '../maps/read-table-file.ts';
import { ParameterError, type Parameters, parseParameters, type WrittenParameters } from '../parameters/parameters.ts';

/**
 * Returns the parameters of the options. Some defaults suit an operator's machine instead of a function.
 *
 * @param options the values of `--parameter`
 * @param passwordFile the value of `--sasl-password-maps`: Postfix's sasl_passwd, unless a parameter names another
 * @param given the command's own defaults
 * @throws ParameterError with the parameter, its value and what is allowed
 */
export function commandParameters(
  options: readonly string[],
  passwordFile?: string,
  given: WrittenParameters = {},
): Parameters {
  // A blank or comma would end the name of the file in the value of the parameter.
  const mapName = passwordFile?.replaceAll(/[\s,{}$]/g, '_');
  const readFile = (path: string) =>
    readTableFile(path === mapName && passwordFile !== undefined ? passwordFile : path);
  const defaults = {
    myhostname: hostname(),
    // An operator may deliver to servers on the same machine.
    allow_local_destinations: 'yes',
    ...given,
    ...(mapName !== undefined && { lmtp_sasl_auth_enable: 'yes', lmtp_sasl_password_maps: `texthash:${mapName}` }),
  };
  return parseParameters(Object.fromEntries([...Object.entries(defaults), ...options.map(splitOption)]), { readFile });
}

/**
 * Splits `name=value`.
 *
 * @throws ParameterError if the name or the = is missing
 */
export function splitOption(option: string): readonly [name: string, value: string] {
  const equals = option.indexOf('=');
  if (equals < 1) {
    // The = may be forgotten, and the rest be a password: it is not shown.
    const shown = option.replace(/(password_maps).*/is, '$1');
    throw new ParameterError(shown, 'expected name=value, such as lmtp_mail_timeout=2s');
  }
  return [option.slice(0, equals).trim(), option.slice(equals + 1).trim()];
}
