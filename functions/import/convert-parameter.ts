/**
 * A parameter of Postfix that exists here too: its value in the form that the functions need, or why it cannot have that value.
 */

import {
  expand,
  ParameterError,
  type ParameterName,
  parameterTable,
  parseTime,
  rowOf,
} from '../parameters/parameters.ts';
import { parseValue } from '../parameters/parse-value.ts';
import { parseProtocols } from '../parameters/protocols.ts';
import { readPasswordTable } from '../secrets/password-table.ts';
import { SecretFault } from '../secrets/secrets.ts';
import { PolicyEntryError, parsePolicyEntry } from '../tls/policy-entry.ts';
import { convertMaps } from './convert-maps.ts';
import { readDomainList } from './domain-list.ts';
import type { ImportClass, SecretPlan } from './report.ts';
import { type ReadText, readTables } from './tables.ts';

/** What becomes of a parameter. */
export interface Conversion {
  readonly class: ImportClass;
  /** The value here, with `$` doubled; absent: it is not set. */
  readonly value?: string;
  readonly why?: string;
  readonly todo?: string;
  readonly secrets?: readonly SecretPlan[];
}

/** What a conversion depends on. */
export interface ConvertOptions {
  readonly read: ReadText;
  /** What names of secrets begin with, such as `mail/`. */
  readonly secretPrefix: string;
  /** lmtp_sasl_password_result_delimiter */
  readonly delimiter: string;
}

/** Units of a plain number in Postfix, where they are not seconds. */
const units: Readonly<Record<string, string>> = {
  maximal_queue_lifetime: 'd',
  bounce_queue_lifetime: 'd',
  delay_warning_time: 'h',
  lmtp_sasl_auth_cache_time: 'd',
};

/** Postfix's defaults where those here are better: an operator who wrote one did not choose it. */
const postfixDefaults: Readonly<Record<string, readonly string[]>> = {
  lmtp_connect_timeout: ['0', '0s'],
  lmtp_connection_cache_time_limit: ['2', '2s'],
  lmtp_sasl_auth_cache_time: ['90', '90d'],
  lmtp_skip_quit_response: ['no'],
  lmtp_tls_connection_reuse: ['no'],
  lmtp_tls_servername: [''],
  qmgr_message_active_limit: ['20000'],
  default_destination_concurrency_limit: ['0'],
  lmtp_destination_concurrency_limit: ['0'],
};

/** Files of the authorities that a system trusts. */
const systemAuthorities =
  /^\/(?:etc\/ssl\/certs\/ca-certificates\.crt|etc\/pki\/|etc\/ssl\/(?:cert|ca-bundle)\.pem|usr\/)/;

/** Converts an expanded value. */
export function convertParameter(name: ParameterName, value: string, options: ConvertOptions): Conversion {
  const row = rowOf(name);
  if ((postfixDefaults[name] ?? []).includes(value.toLowerCase())) {
    return { class: 'default', why: row.differs ?? parameterTable.default_destination_concurrency_limit.differs };
  }
  if (row.kind === 'passwords') return convertPasswords(value, options);
  if (row.kind === 'maps' && value !== '') return convertTable(name, value, options);
  if (row.kind === 'patterns' && value !== '') return convertPatterns(name, value, options);
  if (row.kind === 'protocols') return convertProtocols(name, value);
  if (/^lmtp_tls_(?:CAfile|cert_file|key_file|chain_files)$/.test(name)) return convertFiles(name, value, options);
  const written = inOurForm(name, row.kind, value);
  return checked(name, written, written === value ? 'taken' : 'renamed', unitNote(name, value));
}

/** Postfix takes YES and no unit; a plain time here is seconds. */
function inOurForm(name: string, kind: string, value: string): string {
  if (kind === 'switch') return value.toLowerCase();
  const unit = kind === 'time' && /^\d+$/.test(value) ? units[name] : undefined;
  return unit === undefined || value === '0' ? value : `${value}${unit}`;
}

function unitNote(name: string, value: string): string | undefined {
  return units[name] !== undefined && /^[1-9]\d*$/.test(value) ? 'A plain number is seconds here.' : undefined;
}

/** Returns a value that is allowed, or the reason why it is not. */
function checked(name: ParameterName, value: string, of: 'taken' | 'renamed', why?: string): Conversion {
  const note = why === undefined ? {} : { why };
  try {
    parseValue(name, rowOf(name), value, { readFile: () => undefined });
  } catch (error) {
    if (error instanceof ParameterError)
      return { class: 'refused', why: reasonOf(error), todo: 'Choose an allowed value.' };
    throw error;
  }
  if (isDefault(name, value)) return { class: of, why: why ?? 'It is the default here too.' };
  return { class: of, value: value.replaceAll('$', '$$$$'), ...note };
}

function isDefault(name: ParameterName, value: string): boolean {
  const standard = expand(name, {});
  if (value === standard) return true;
  return rowOf(name).kind === 'time' && parseTime(value) !== undefined && parseTime(value) === parseTime(standard);
}

/** The message without the name, which the row has already. */
export function reasonOf({ message, parameter }: ParameterError): string {
  return message.startsWith(`${parameter}: `) ? message.slice(parameter.length + 2) : message;
}

function convertProtocols(name: ParameterName, value: string): Conversion {
  try {
    if (parseProtocols(name, value).min < 'TLSv1.2') return { class: 'default', why: rowOf(name).differs ?? '' };
  } catch (error) {
    if (!(error instanceof ParameterError)) throw error;
  }
  return checked(name, value, 'taken');
}

function convertTable(name: ParameterName, value: string, { read }: ConvertOptions): Conversion {
  const converted = convertMaps(value, read, name === 'lmtp_tls_policy_maps' ? faultOfPolicy : undefined);
  if (converted.kind === 'refused') {
    return {
      class: 'refused',
      why: converted.why,
      todo: 'Write the entries that are needed as inline:{ { key = value }, ... }.',
    };
  }
  if (converted.text === '') return { class: 'renamed', why: 'The table has no entries.' };
  const result = checked(name, converted.text, 'renamed');
  return result.class === 'refused'
    ? result
    : { ...result, why: 'The entries are in the parameter: a function has no such file.' };
}

function faultOfPolicy(result: string): string | undefined {
  try {
    parsePolicyEntry(result);
    return undefined;
  } catch (error) {
    if (error instanceof PolicyEntryError) return error.message;
    throw error;
  }
}

/** Files and tables in a list of patterns become names. */
function convertPatterns(name: ParameterName, value: string, { read }: ConvertOptions): Conversion {
  if (!/(?:^|[\s,!])(?:\/|[a-z]+:)/.test(value)) return checked(name, value, 'taken');
  const { names, opaque } = readDomainList(value, { read });
  const [unknown] = opaque;
  if (unknown !== undefined) {
    return {
      class: 'refused',
      why: `${unknown.specification}: ${unknown.why}`,
      todo: `Set ${name} to the names, separated by blanks.`,
    };
  }
  return {
    ...checked(name, names.join(', '), 'renamed'),
    why: 'The names are in the parameter: a function has no such file.',
  };
}

function convertPasswords(value: string, { read, secretPrefix, delimiter }: ConvertOptions): Conversion {
  if (value === '') return { class: 'taken', why: 'It is the default here too.' };
  const secrets: SecretPlan[] = [];
  for (const table of readTables(value, read)) {
    if (table.path === undefined || table.kind === 'static' || table.kind === 'patterns') {
      return refusedPasswords(
        'its passwords are in the parameter itself, or in a kind of table that a secret does not have',
      );
    }
    const text = read(table.path);
    if (text === undefined || table.kind === 'opaque') {
      return refusedPasswords(table.kind === 'opaque' ? `${table.specification}: ${table.why}` : 'it cannot be read');
    }
    try {
      const { size } = readPasswordTable(text, table.path, delimiter);
      const about = `passwords: ${size === 1 ? '1 entry' : `${size} entries`}, in the form of sasl_passwd`;
      secrets.push({ name: secretName(secretPrefix, table.path), path: table.path, about });
    } catch (error) {
      if (error instanceof SecretFault) return refusedPasswords(error.message);
      throw error;
    }
  }
  return {
    class: 'renamed',
    value: secrets.map(({ name }) => `secretsmanager:${name}`).join(', '),
    why: 'The text of the file is a secret of Secrets Manager, unchanged.',
    secrets,
  };
}

function refusedPasswords(why: string): Conversion {
  const todo = 'Create a secret with one line for each server: host or next-hop, blanks, user:password.';
  return { class: 'refused', why, todo };
}

function convertFiles(name: ParameterName, value: string, { read, secretPrefix }: ConvertOptions): Conversion {
  if (value === '') return checked(name, value, 'taken');
  if (name === 'lmtp_tls_CAfile' && systemAuthorities.test(value)) {
    return {
      class: 'default',
      why: 'Empty here means the authorities of the runtime (those of Mozilla), without a file.',
    };
  }
  const paths = value.split(/[\s,]+/).filter((path) => path !== '');
  const missing = paths.find((path) => read(path) === undefined);
  if (missing !== undefined) {
    return {
      class: 'refused',
      why: `${missing} cannot be read`,
      todo: 'Create a secret with its text, in PEM, and name it: secretsmanager:NAME.',
    };
  }
  const about = name === 'lmtp_tls_CAfile' ? 'certificates of authorities, in PEM' : 'a certificate or its key, in PEM';
  const secrets = paths.map((path) => ({ name: secretName(secretPrefix, path), path, about }));
  const result = checked(name, secrets.map((secret) => `secretsmanager:${secret.name}`).join(', '), 'renamed');
  return { ...result, why: 'A function has no such file. The text is a secret of Secrets Manager.', secrets };
}

/** Names of secrets may contain letters, digits and /_+=.@-. */
function secretName(prefix: string, path: string): string {
  // The whole path: two folders may have files of one name.
  const name = path.replace(/^\/(?:etc\/postfix\/)?/, '').replaceAll(/[^\w+=.@-]/g, '_');
  return `${prefix}${name.slice(-100)}`;
}
