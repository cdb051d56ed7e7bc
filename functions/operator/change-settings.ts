/**
 * Changes of live settings. A version that the functions could not use is refused before it is written.
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
  shownValue,
  type WrittenParameters,
} from '../parameters/parameters.ts';
import { whyNot } from '../parameters/why-not.ts';
import { bodyRetentionFor } from '../queue/items/body-retention.ts';
import {
  endsOf,
  type LiveValue,
  lastingAt,
  liveValuesAt,
  type SettingsStore,
  type SettingsVersion,
  unknownNames,
  valuesAt,
} from '../settings/version.ts';

/** What is to change. */
export type SettingsOrder =
  | { readonly kind: 'set'; readonly values: WrittenParameters; readonly until?: number }
  /** The values of the deployment return. */
  | { readonly kind: 'unset'; readonly names: readonly string[] }
  /** The values of an earlier version return; 0: those of the deployment. Absent: the version before the latest. */
  | { readonly kind: 'revert'; readonly version?: number };

/** Who changes settings, and where. */
export interface SettingsContext {
  readonly store: SettingsStore;
  /** The parameters of the deployment. */
  readonly deployed: WrittenParameters;
  /** Days for which deleted bodies are kept; absent: bodies are not deleted. */
  readonly bodyRetention?: number;
  readonly by: string;
  readonly why: string;
  /** Nothing is written. */
  readonly whatIf?: true;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** A parameter that changes. */
export interface ChangedSetting {
  readonly name: string;
  /** Values before and after, without passwords; those of the deployment if none is set. */
  readonly from: string;
  readonly to: string;
  /** Whether the value after the change is that of the deployment. */
  readonly isDeployed: boolean;
  /** When the value after the change ends. */
  readonly until?: number;
  /** The value that returns then. */
  readonly next?: string;
}

/** What a change came to. */
export interface SettingsChange {
  /** The version that was written, or would be; that in force if nothing changes. */
  readonly version: number;
  readonly changed: readonly ChangedSetting[];
}

/** A change is not possible: the message names the parameter or version, the value, and what is allowed. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

/** The most octets of all values together: they are one item of the table, which may have 400 KB. */
const mostOctets = 300_000;

/** Other operators changed the settings each time; the change may be tried again. */
export class SettingsBusyError extends Error {
  override readonly name = 'SettingsBusyError';
}

/** Operators that may be faster before this one gives up. */
const tries = 5;

/**
 * Changes the settings, and writes a new version.
 *
 * @throws SettingsError if the change is not possible, SettingsBusyError if others were always faster; nothing was written
 */
export async function changeSettings(order: SettingsOrder, context: SettingsContext): Promise<SettingsChange> {
  const { store, whatIf } = context;
  for (let tried = 0; tried < tries; tried += 1) {
    const latest = await store.latest();
    const values = await valuesAfter(order, latest, context);
    refuseUnusable(values, context);
    refuseTooLong(values);
    const changed = changesBetween(latest, values, context);
    if (changed.length === 0) return { version: latest?.version ?? 0, changed };
    const version = (latest?.version ?? 0) + 1;
    if (whatIf === true) return { version, changed };
    const { by, why, now: at } = context;
    const what = wordsOf(order, changed, latest);
    if (await store.add({ version, values, at, by, why, what })) return { version, changed };
    // The version before is another one now, and its values would undo what the other operator has just set.
    if (order.kind === 'revert') {
      throw new SettingsBusyError('settings: another operator changed them meanwhile; see the history, and try again');
    }
  }
  throw new SettingsBusyError(`settings: other operators changed them ${tries} times meanwhile; try again`);
}

/** Returns the values after a change; values that have ended are left out. */
async function valuesAfter(
  order: SettingsOrder,
  latest: SettingsVersion | undefined,
  context: SettingsContext,
): Promise<Readonly<Record<string, LiveValue>>> {
  const values = liveValuesAt(latest, context.now);
  if (order.kind === 'revert') return await valuesOf(order.version ?? (latest?.version ?? 0) - 1, latest, context);
  if (order.kind === 'unset') {
    for (const name of order.names) {
      if (!isParameterName(name) && !unknownNames(latest).includes(name)) {
        throw new SettingsError(`${name}: ${whyNot(name)}`);
      }
    }
    return Object.fromEntries(Object.entries(values).filter(([name]) => !order.names.includes(name)));
  }
  const { by, why, now: at } = context;
  const set = Object.entries(order.values).map(([name, value = '']): [string, LiveValue] => {
    refuseFixed(name, value, { ...context.deployed, ...valuesAt(latest, at), ...order.values }, context);
    return [name, { value, at, by, why, ...ending(order.until, values[name]) }];
  });
  return { ...values, ...Object.fromEntries(set) };
}

/** When a new value ends, and which of those before it returns then. */
function ending(until: number | undefined, live: LiveValue | undefined): Pick<LiveValue, 'until' | 'before'> {
  if (until === undefined) return {};
  const before = lastingAt(live, until);
  return { until, ...(before === undefined ? {} : { before }) };
}

async function valuesOf(
  wanted: number,
  latest: SettingsVersion | undefined,
  context: SettingsContext,
): Promise<Readonly<Record<string, LiveValue>>> {
  const { store, now } = context;
  if (latest === undefined)
    throw new SettingsError('settings: nothing was ever set, so there is no version to return to');
  if (wanted === 0) return {};
  for await (const version of store.history()) {
    if (version.version !== wanted) continue;
    const written = { ...context.deployed, ...valuesAt(version, now) };
    for (const [name, value = ''] of Object.entries(valuesAt(version, now))) refuseFixed(name, value, written, context);
    return liveValuesAt(version, now);
  }
  throw new SettingsError(
    `version: ${wanted} is not allowed: expected a number from 0 (the deployment) to ${latest.version}`,
  );
}

/**
 * Refuses parameters that only a deployment may change, and files that the functions may not read.
 *
 * @param written all values, for the references of this one
 */
function refuseFixed(name: string, value: string, written: WrittenParameters, { deployed }: SettingsContext): void {
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

function refuseTooLong(values: Readonly<Record<string, LiveValue>>): void {
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
  try {
    parseParameters({ ...deployed, ...valuesAt(version, now) }, { readFile: () => undefined });
    return undefined;
  } catch (error) {
    if (error instanceof ParameterError) return error.message;
    throw error;
  }
}

/** Refuses values that the functions could not use, now or after one of them has ended. */
function refuseUnusable(values: Readonly<Record<string, LiveValue>>, context: SettingsContext): void {
  const { deployed, now } = context;
  const ends = Object.values(values).flatMap(endsOf);
  for (const moment of [now, ...new Set(ends)].sort((one, other) => one - other)) {
    const later = moment === now ? '' : `, from ${new Date(moment).toISOString()}, when another value ends`;
    try {
      const version = { version: 0, values, at: now, by: '', why: '', what: '' };
      const written = { ...deployed, ...valuesAt(version, moment) };
      const parameters = parseParameters(written, { readFile: () => undefined });
      refuseEarlyDeletion(parameters, context);
    } catch (error) {
      if (error instanceof ParameterError) throw new SettingsError(`${error.message}${later}`, { cause: error });
      throw error;
    }
  }
}

/** Bodies must stay for as long as their mail is tried. */
function refuseEarlyDeletion(parameters: Parameters, { bodyRetention }: SettingsContext): void {
  if (bodyRetention === undefined) return;
  const { parameter, days } = bodyRetentionFor(parameters);
  if (days <= bodyRetention) return;
  throw new SettingsError(
    `${parameter}: is not allowed to be so long: the deployment keeps deleted bodies for ${bodyRetention} days (bodyRetention), ` +
      `and this lifetime needs ${days}`,
  );
}

function changesBetween(
  latest: SettingsVersion | undefined,
  values: Readonly<Record<string, LiveValue>>,
  { deployed, now }: SettingsContext,
): readonly ChangedSetting[] {
  const before = liveValuesAt(latest, now);
  const names = [...new Set([...Object.keys(before), ...Object.keys(values)])];
  return names.flatMap((name) => {
    const [old, next] = [before[name], values[name]];
    if (!isParameterName(name)) return old?.value === next?.value ? [] : [unknownChange(name, next)];
    const from = old?.value ?? deployedValue(name, deployed);
    const to = next?.value ?? deployedValue(name, deployed);
    if (from === to && old?.until === next?.until && (old === undefined) === (next === undefined)) return [];
    const ends = next?.until === undefined ? {} : { until: next.until, next: shownAfter(name, next, deployed) };
    return [{ name, from: shownValue(name, from), to: shownValue(name, to), isDeployed: next === undefined, ...ends }];
  });
}

/** A value that this release does not know may be secret. */
function unknownChange(name: string, next: LiveValue | undefined): ChangedSetting {
  const [isSet, isNot] = ['(a value of another release)', '(not set)'];
  const [from, to] = next === undefined ? [isSet, isNot] : [isNot, isSet];
  return { name, from, to, isDeployed: next === undefined };
}

/** Returns the value that follows a live one when it ends, without passwords. */
export function shownAfter(name: ParameterName, { before }: LiveValue, deployed: WrittenParameters): string {
  return shownValue(name, before?.value ?? deployedValue(name, deployed));
}

/** Returns the value of the deployment: the default, if it sets none. */
export function deployedValue(name: ParameterName, deployed: WrittenParameters): string {
  return deployed[name] ?? rowOf(name).default;
}

function wordsOf(
  order: SettingsOrder,
  changed: readonly ChangedSetting[],
  latest: SettingsVersion | undefined,
): string {
  const names = changed.map(({ name }) => name).join(', ');
  switch (order.kind) {
    case 'set':
      return `set ${names}`;
    case 'unset':
      return `unset ${names}`;
    case 'revert':
      return `returned to version ${order.version ?? (latest?.version ?? 0) - 1}: ${names}`;
    default:
      return order satisfies never;
  }
}
