import { refuse } from './props-error.ts';

/** Postfix parameters by their own names, with values as main.cf has them: `{ lmtp_mail_timeout: '2s' }`. */
export type ParameterValues = Readonly<Record<string, string>>;

/**
 * The environment variables that carry parameters to the functions: `lmtp_mail_timeout` travels as `LMTP_MAIL_TIMEOUT`.
 *
 * @throws PropsError naming the parameter, its value and what is allowed
 */
export function parameterEnvironment(parameters: ParameterValues): Record<string, string> {
  const entries = Object.entries(parameters);
  for (const [name, value] of entries) {
    if (!/^[a-z][a-z0-9_]*$/.test(name)) throw refuse('parameters', name, "a Postfix parameter's name");
    if (typeof value !== 'string') throw refuse(`parameters.${name}`, value, 'text, as main.cf has it,');
  }
  return Object.fromEntries(entries.map(([name, value]) => [name.toUpperCase(), value]));
}
