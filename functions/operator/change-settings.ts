/**
 * Changes of live settings. A version that the functions could not use is refused before it is written.
 */

import {
  isParameterName,
  type ParameterName,
  rowOf,
  shownValue,
  type WrittenParameters,
} from '../parameters/parameters.ts';
import { whyNot } from '../parameters/why-not.ts';
import {
  type LiveValue,
  lastingAt,
  liveValuesAt,
  type SettingsStore,
  type SettingsVersion,
  unknownNames,
  valuesAt,
} from '../settings/version.ts';
import { type Deployment, refuseFixed, refuseTooLong, refuseUnusable, SettingsError } from './refuse-settings.ts';

/** What is to change. */
export type SettingsOrder =
  | { readonly kind: 'set'; readonly values: WrittenParameters; readonly until?: number }
  /** The values of the deployment return. */
  | { readonly kind: 'unset'; readonly names: readonly string[] }
  /** The values of an earlier version return; 0: those of the deployment. Absent: the version before the latest. */
  | { readonly kind: 'revert'; readonly version?: number };

/** Who changes settings, and where. */
export interface SettingsContext extends Deployment {
  readonly store: SettingsStore;
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
    refuseUnusable(values, context.now, context);
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
