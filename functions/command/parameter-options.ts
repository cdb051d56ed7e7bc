/**
 * `--parameter name=value` on the command line.
 */

import { hostname } from 'node:os';
import { ParameterError, type Parameters, parseParameters } from '../parameters.ts';

/**
 * Reads the options; what is right for a person's machine stands in for what is right for a function.
 *
 * @throws ParameterError naming parameter, value and what is allowed
 */
export function commandParameters(options: readonly string[]): Parameters {
  // Whoever sits at this machine may reach it.
  const defaults = { myhostname: hostname(), allow_local_destinations: 'yes' };
  return parseParameters(Object.fromEntries([...Object.entries(defaults), ...options.map(splitOption)]));
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
