/**
 * `lambda-lmtp parameters`: the counterpart of postconf(1). Prints all parameters, only the changed ones, or some by name with all
 * details.
 */

import type { Command } from 'commander';
import { allowedValues } from '../parameters/describe.ts';
import {
  expand,
  isParameterName,
  ParameterError,
  type ParameterName,
  type Parameters,
  parameterNames,
  parseParameters,
  rowOf,
  shownValue,
  variableName,
  type WrittenParameters,
} from '../parameters/parameters.ts';
import { parameterSubjects } from '../parameters/table.ts';
import { refusalOf, whyNot } from '../parameters/why-not.ts';
import { escapeControls, escapeControlsInLines, safeJson } from '../smtp/control-characters.ts';
import { splitOption } from './parameter-options.ts';
import type { Run } from './run.ts';

/** The options as commander hands them over. */
export interface ParametersOptions {
  readonly parameter: readonly string[];
  readonly changed?: true;
  readonly json?: true;
}

/** The details of a parameter; also its JSON. */
interface Description {
  readonly name: string;
  /** The effective value: every `$name` is expanded, and passwords are left out. */
  readonly value: string;
  readonly default: string;
  readonly changed: boolean;
  /** As it was written, if that differs from the value. */
  readonly written?: string;
  readonly kind: string;
  readonly allowed: string;
  readonly meaning: string;
  /** Why the default differs from Postfix's, or that Postfix does not have the parameter. */
  readonly differs?: string;
  /** Whether `set` changes it, or only a deployment, and why. */
  readonly changes: string;
  readonly subject: string;
  /** The environment variable of a function. */
  readonly variable: string;
}

/** A parameter of Postfix that cannot be set. */
interface Refusal {
  readonly name: string;
  readonly refused: string;
}

/** Shows what is wanted. */
export function parametersAction(
  run: Run,
  names: readonly string[],
  options: ParametersOptions,
  command: Command,
): void {
  const { written, parameters } = readOptions(options, command);
  for (const warning of patternWarnings(parameters)) run.stderr.write(`warning: ${escapeControls(warning)}\n`);
  const described = (names.length === 0 ? parameterNames : names)
    .map((name) => describeName(name, written, command))
    .filter((description) => options.changed === undefined || ('changed' in description && description.changed));
  const show = options.json ? (description: Description | Refusal) => safeJson(description) : inText(names.length > 0);
  run.stdout.write(described.map((description) => `${escapeControlsInLines(show(description))}\n`).join(''));
}

function readOptions(
  { parameter }: ParametersOptions,
  command: Command,
): { readonly written: WrittenParameters; readonly parameters: Parameters } {
  try {
    const written = Object.fromEntries(parameter.map(splitOption));
    return { written, parameters: parseParameters(written) };
  } catch (error) {
    if (error instanceof ParameterError) command.error(`error: ${error.message}`);
    throw error;
  }
}

function describeName(name: string, written: WrittenParameters, command: Command): Description | Refusal {
  if (isParameterName(name)) return describe(name, written);
  const refused = refusalOf(name);
  if (refused === undefined) command.error(`error: ${name}: ${whyNot(name)}`);
  return { name, refused };
}

function describe(name: ParameterName, values: WrittenParameters): Description {
  const row = rowOf(name);
  const value = expand(name, values);
  const written = values[name] ?? row.default;
  return {
    name,
    value: shownValue(name, value),
    default: row.default,
    changed: value !== expand(name, {}),
    ...(written !== value && { written: shownValue(name, written) }),
    kind: row.kind,
    allowed: allowedValues(row),
    meaning: row.meaning,
    ...(row.differs !== undefined && { differs: row.differs }),
    changes: row.atDeployment === undefined ? 'live (lambda-lmtp set)' : `only with a deployment: ${row.atDeployment}`,
    subject: subjectOf(name),
    variable: variableName(name),
  };
}

function subjectOf(name: ParameterName): string {
  return Object.entries(parameterSubjects).find(([, rows]) => Object.hasOwn(rows, name))?.[0] ?? '';
}

/** Formats a parameter: its value and meaning, or a block with all details. */
function inText(whole: boolean): (description: Description | Refusal) => string {
  return (description) => {
    if ('refused' in description) return block(`${description.name} cannot be set here`, { why: description.refused });
    const {
      name,
      value,
      default: standard,
      written,
      changed,
      allowed,
      meaning,
      differs,
      changes,
      subject,
      variable,
    } = description;
    const note = changed ? `   (default: ${standard === '' ? 'empty' : standard})` : '';
    const head = `${name} =${value === '' ? '' : ` ${value}`}`;
    if (!whole) return `${head}${note}\n    ${meaning}`;
    return block(head, {
      written,
      default: standard || '(empty)',
      allowed,
      meaning,
      differs,
      changes,
      subject,
      variable,
    });
  };
}

function block(head: string, fields: Readonly<Record<string, string | undefined>>): string {
  const lines = Object.entries(fields).flatMap(([name, text]) =>
    text === undefined ? [] : [`    ${name.padEnd(9)} ${text}`],
  );
  return [head, ...lines].join('\n');
}

/** Warnings about patterns that can never match, each with the name of its parameter. */
function patternWarnings(parameters: Parameters): readonly string[] {
  return parameterNames.flatMap((name) => {
    const value = parameters[name];
    if (typeof value !== 'object' || !('warnings' in value)) return [];
    return value.warnings.map((warning) => `${name}: ${warning}`);
  });
}
