/**
 * What live settings may not be: values that the functions could not use, or that only a deployment may change.
 */

import { filesNamedIn } from '../parameters/named-files.ts';
import {
  expand,
  isParameterName,
  ParameterError,
  type ParameterName,
  type Parameters,
  parameterNames,
  parseParameters,
  rowOf,
  type WrittenParameters,
} from '../parameters/parameters.ts';
import { whyNot } from '../parameters/why-not.ts';
import { bodyRetentionFor } from '../queue/items/body-retention.ts';
import { foreignObject } from '../settings/parameter-files.ts';
import { endsOf, type LiveValue, type SettingsVersion, valuesAt } from '../settings/version.ts';

/** The deployment to which settings belong. */
export interface Deployment {
  /** Its parameters. */
  readonly deployed: WrittenParameters;
  /** Days for which deleted bodies are kept; absent: bodies are not deleted. */
  readonly bodyRetention?: number;
}

/** A change is not possible: the message names the parameter or version, the value, and what is allowed. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

/** The most octets of all values together: they are one item of the table, which may have 400 KB. */
const mostOctets = 300_000;

/**
 * Refuses parameters that only a deployment may change, and files that the functions may not read.
 *
 * @param written all values, for the references of this one
 */
export function refuseFixed(name: string, value: string, written: WrittenParameters, { deployed }: Deployment): void {
  if (!isParameterName(name)) throw new SettingsError(`${name}: ${whyNot(name)}`);
  const row = rowOf(name);
  if (row.atDeployment !== undefined) {
    throw new SettingsError(`${name}: changes only with a deployment: ${row.atDeployment}`);
  }
  refuseDependent(name, value, deployed);
  const readable = new Set(Object.keys(deployed).flatMap((other) => filesOf(other, deployed)));
  const foreign = filesOf(name, { ...written, [name]: value }).find((file) => !readable.has(file));
  if (foreign === undefined) return;
  throw new SettingsError(
    `${name}: "${foreign}" is not allowed: expected a file that the deployment names, ` +
      'because it permits the functions to read it; or a table in the value itself (inline:, regexp:{ })',
  );
}

/** Refuses a value that would change a parameter that refers to it, and that only a deployment may change. */
function refuseDependent(name: ParameterName, value: string, deployed: WrittenParameters): void {
  const written = { ...deployed, [name]: value };
  for (const other of parameterNames) {
    const { atDeployment } = rowOf(other);
    if (atDeployment === undefined || expanded(other, written) === expanded(other, deployed)) continue;
    throw new SettingsError(
      `${name}: "${value}" is not allowed: ${other}, which refers to it, changes only with a deployment: ${atDeployment}`,
    );
  }
}

/** Returns the files that a parameter names, also by references to others. */
function filesOf(name: string, written: WrittenParameters): readonly string[] {
  if (!isParameterName(name)) return [];
  return filesNamedIn(expanded(name, written), rowOf(name)).map(({ file }) => file);
}

function expanded(name: ParameterName, written: WrittenParameters): string {
  try {
    return expand(name, written);
  } catch (error) {
    if (error instanceof ParameterError) throw new SettingsError(error.message, { cause: error });
    throw error;
  }
}

/** Refuses values that do not fit into the item of a version. */
export function refuseTooLong(values: Readonly<Record<string, LiveValue>>): void {
  const octets = Buffer.byteLength(JSON.stringify(values));
  if (octets <= mostOctets) return;
  throw new SettingsError(
    `settings: ${octets} octets are not allowed: expected at most ${mostOctets} for all values together; ` +
      'a long table belongs into a file that the deployment names',
  );
}

/**
 * Returns why the functions cannot use a version with the parameters of the deployment; undefined: they can.
 *
 * @param now milliseconds since 1970
 */
export function whyUnusable(
  version: SettingsVersion | undefined,
  deployed: WrittenParameters,
  now: number,
): string | undefined {
  const values = valuesAt(version, now);
  const foreign = foreignObject(values, deployed);
  if (foreign !== undefined) return `${foreign} is not a file of the deployment`;
  try {
    parseParameters({ ...deployed, ...values }, { readFile: () => undefined });
    return undefined;
  } catch (error) {
    if (error instanceof ParameterError) return error.message;
    throw error;
  }
}

/**
 * Refuses values that the functions could not use, now or after one of them has ended.
 *
 * @param now milliseconds since 1970
 */
export function refuseUnusable(values: Readonly<Record<string, LiveValue>>, now: number, deployment: Deployment): void {
  const { deployed } = deployment;
  const ends = Object.values(values).flatMap(endsOf);
  for (const moment of [now, ...new Set(ends)].sort((one, other) => one - other)) {
    const later = moment === now ? '' : `, from ${new Date(moment).toISOString()}, when another value ends`;
    try {
      const written = { ...deployed, ...valuesAt({ values }, moment) };
      const parameters = parseParameters(written, { readFile: () => undefined });
      refuseEarlyDeletion(parameters, deployment);
    } catch (error) {
      if (error instanceof ParameterError) throw new SettingsError(`${error.message}${later}`, { cause: error });
      throw error;
    }
  }
}

/** Bodies must stay for as long as their mail is tried. */
function refuseEarlyDeletion(parameters: Parameters, { bodyRetention }: Deployment): void {
  if (bodyRetention === undefined) return;
  const { parameter, days } = bodyRetentionFor(parameters);
  if (days <= bodyRetention) return;
  throw new SettingsError(
    `${parameter}: is not allowed to be so long: the deployment keeps deleted bodies for ${bodyRetention} days (bodyRetention), ` +
      `and this lifetime needs ${days}`,
  );
}
