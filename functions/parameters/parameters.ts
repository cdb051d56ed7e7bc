/**
 * Every parameter, in one table: Postfix's name, kind, default, bounds and meaning (parameters/table.ts).
 *
 * The environment variables of the functions (LMTP_MAIL_TIMEOUT=300s), the construct's `parameters`, the command line's
 * `--parameter` and docs/parameters.md use this table. An error has the name, the value and the allowed values.
 */

import type { Maps } from '../maps/maps.ts';
import type { PatternList } from '../maps/pattern-list.ts';
import { hidePasswords } from '../secrets/open-password-maps.ts';
import type { PasswordMaps } from '../secrets/password-maps.ts';
import { expandValue } from './expand.ts';
import { parseValue, type ValueContext } from './parse-value.ts';
import type { ProtocolRange } from './protocols.ts';
import { ParameterError, type ParameterKind, type Row } from './row.ts';
import { parameterTable } from './table.ts';
import { whyNot } from './why-not.ts';

export type { Maps } from '../maps/maps.ts';
export type { PatternList } from '../maps/pattern-list.ts';
export type { PasswordMaps } from '../secrets/password-maps.ts';
export { parseTime } from './parse-time.ts';
export type { ParameterKind } from './row.ts';
export { ParameterError } from './row.ts';
export { parameterTable } from './table.ts';

export type ParameterName = keyof typeof parameterTable;

/** The type of a value by its kind; allowed words and letters are a union. */
type ValueOf<R extends { readonly kind: ParameterKind }> = R extends { kind: 'time' | 'number' | 'size' | 'port' }
  ? number
  : R extends { kind: 'switch' }
    ? boolean
    : R extends { kind: 'choice'; allowed: readonly (infer Word)[] }
      ? Word
      : R extends { kind: 'flags'; allowed: readonly (infer Letter)[] }
        ? ReadonlySet<Letter>
        : R extends { kind: 'words'; allowed: readonly (infer Word)[] }
          ? readonly Word[]
          : R extends { kind: 'words' }
            ? readonly string[]
            : R extends { kind: 'ports' }
              ? ReadonlyMap<string, number>
              : R extends { kind: 'protocols' }
                ? ProtocolRange
                : R extends { kind: 'passwords' }
                  ? PasswordMaps
                  : R extends { kind: 'maps' }
                    ? Maps
                    : R extends { kind: 'patterns' }
                      ? PatternList
                      : string;

/** Every parameter with its value: times in milliseconds, switches as booleans, lists as words, maps open. */
export type Parameters = { readonly [Name in ParameterName]: ValueOf<(typeof parameterTable)[Name]> };

/** Values by Postfix name, in the syntax of main.cf. */
export type WrittenParameters = Readonly<Record<string, string | undefined>>;

/** Whether there is a parameter of that name. */
export function isParameterName(name: string): name is ParameterName {
  return Object.hasOwn(parameterTable, name);
}

/** All names, in the table's order. */
export const parameterNames = Object.keys(parameterTable).filter(isParameterName);

/** Returns the environment variable of a parameter: its name in capitals. Lambda requires a letter first. */
export function variableName(name: ParameterName): string {
  return name.replace(/^(?=\d)/, 'parameter_').toUpperCase();
}

/** By variable: the capitals of a name (lmtp_tls_CAfile) cannot be told from those of its variable. */
const ourVariables: ReadonlySet<string> = new Set(parameterNames.map(variableName));

/**
 * Parses values by Postfix name; an absent one has its default.
 *
 * @param options how files of maps are read; by default from the file system
 * @throws ParameterError for an unknown name, or a value that is not allowed
 */
export function parseParameters(values: WrittenParameters, options: Pick<ValueContext, 'readFile'> = {}): Parameters {
  for (const name of Object.keys(values)) {
    if (!isParameterName(name)) throw new ParameterError(name, whyNot(name));
  }
  const parse = (name: ParameterName, context: ValueContext) =>
    parseValue(name, rowOf(name), expand(name, values), context);
  const ports = parse('known_tcp_ports', options) as Parameters['known_tcp_ports'];
  const delimiter = parse('lmtp_sasl_password_result_delimiter', options) as string;
  const context = { ...options, ports, delimiter };
  const entries = parameterNames.map((name) => [name, parse(name, context)] as const);
  const parameters = Object.fromEntries(entries) as unknown as Parameters;
  checkTogether(parameters);
  return parameters;
}

/**
 * Parses the parameters of a function's environment. Other variables are ignored, unless they begin with LMTP_.
 *
 * @throws ParameterError for a value that is not allowed, and for an LMTP_ name that is not a parameter
 */
export function parametersFromEnvironment(environment: Readonly<Record<string, string | undefined>>): Parameters {
  return parseParameters(writtenInEnvironment(environment));
}

/**
 * Returns the parameters that a function's environment sets, by Postfix name, as they are written.
 *
 * @throws ParameterError for an LMTP_ name that is not a parameter
 */
export function writtenInEnvironment(environment: Readonly<Record<string, string | undefined>>): WrittenParameters {
  for (const variable of Object.keys(environment).filter((name) => /^LMTP_[A-Z0-9_]+$/.test(name))) {
    const parameter = variable.toLowerCase();
    if (!ourVariables.has(variable)) throw new ParameterError(parameter, whyNot(parameter));
  }
  const entries = parameterNames.map((name) => [name, environment[variableName(name)]] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

/**
 * Returns the text of a parameter's value, with every `$name` expanded.
 *
 * @throws ParameterError for a reference to an unknown parameter, or to itself
 */
export function expand(name: ParameterName, values: WrittenParameters): string {
  return expandValue(name, {
    of: (other) => (isParameterName(other) ? (values[other] ?? parameterTable[other].default) : undefined),
    isSecret: (other) => isParameterName(other) && isSecret(other),
  });
}

/** Returns the row of a parameter. */
export function rowOf(name: ParameterName): Row {
  return parameterTable[name];
}

/** Whether a parameter's value may contain passwords; {@link shownValue} hides them. */
export function isSecret(name: ParameterName): boolean {
  return rowOf(name).secret === true;
}

/** Returns a value with its passwords hidden. */
export function shownValue(name: ParameterName, value: string): string {
  return isSecret(name) ? hidePasswords(value) : value;
}

function checkTogether(parameters: Parameters): void {
  if (parameters.minimal_backoff_time > parameters.maximal_backoff_time) {
    throw new ParameterError('minimal_backoff_time', 'is longer than maximal_backoff_time');
  }
  if (parameters.lmtp_sasl_auth_enable && parameters.lmtp_sasl_password_maps.isEmpty) {
    throw new ParameterError('lmtp_sasl_auth_enable', '"yes" needs lmtp_sasl_password_maps, which is empty');
  }
  if (parameters.bounce_report_routes.includes('ses') && parameters.bounce_report_ses_sender === '') {
    throw new ParameterError('bounce_report_routes', '"ses" needs bounce_report_ses_sender, which is empty');
  }
  checkTls(parameters);
}

function checkTls(parameters: Parameters): void {
  const { lmtp_tls_wrappermode, lmtp_tls_security_level, lmtp_tls_cert_file, lmtp_tls_key_file } = parameters;
  if (lmtp_tls_cert_file === '' && lmtp_tls_key_file !== '') {
    throw new ParameterError('lmtp_tls_key_file', `"${lmtp_tls_key_file}" needs lmtp_tls_cert_file`);
  }
  if (lmtp_tls_cert_file !== '' && lmtp_tls_key_file === '') {
    throw new ParameterError('lmtp_tls_cert_file', `"${lmtp_tls_cert_file}" needs lmtp_tls_key_file`);
  }
  if (lmtp_tls_wrappermode && ['', 'none', 'may'].includes(lmtp_tls_security_level)) {
    throw new ParameterError(
      'lmtp_tls_wrappermode',
      `"yes" needs lmtp_tls_security_level=encrypt or higher, not "${lmtp_tls_security_level}"`,
    );
  }
}
