/**
 * `--parameter name=value` on the command line.
 */

import { hostname } from 'node:os';
import { readTableFile } from '../maps/read-table-file.ts';
import { ParameterError, type Parameters, parseParameters, type WrittenParameters } from '../parameters/parameters.ts';

/**
 * Reads the options; what is right for a person's machine stands in for what is right for a function.
 *
 * @param options of `--parameter`
 * @param passwordFile of `--sasl-password-maps`: Postfix's sasl_passwd, for what no option says otherwise
 * @param given        what a command has for defaults of its own
 * @throws ParameterError naming parameter, value and what is allowed
 */
export function commandParameters(
  options: readonly string[],
  passwordFile?: string,
  given: WrittenParameters = {},
): Parameters {
  // Blanks and the like would end the file's name where it stands in a map.
  const mapName = passwordFile?.replaceAll(/[\s,{}$]/g, '_');
  const readFile = (path: string) =>
    readTableFile(path === mapName && passwordFile !== undefined ? passwordFile : path);
  const defaults = {
    myhostname: hostname(),
    // Whoever sits at this machine may reach it.
    allow_local_destinations: 'yes',
    ...given,
    ...(mapName !== undefined && { lmtp_sasl_auth_enable: 'yes', lmtp_sasl_password_maps: `texthash:${mapName}` }),
  };
  return parseParameters(Object.fromEntries([...Object.entries(defaults), ...options.map(splitOption)]), { readFile });
}

/**
 * Splits `name=value`.
 *
 * @throws ParameterError when there is no name, or no =
 */
export function splitOption(option: string): readonly [name: string, value: string] {
  const equals = option.indexOf('=');
  if (equals < 1) {
    // With the = forgotten, the value is there all the same.
    const shown = option.replace(/(password_maps).*/is, '$1');
    throw new ParameterError(shown, 'name=value is wanted, such as lmtp_mail_timeout=2s');
  }
  return [option.slice(0, equals).trim(), option.slice(equals + 1).trim()];
}
