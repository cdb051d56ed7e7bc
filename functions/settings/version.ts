/**
 * Live settings: parameters that operators set without a deployment, as with `postconf -e` and `postfix reload`.
 *
 * Every change is a new version with all values that are set. A value may end by itself.
 */

import { isParameterName, type WrittenParameters } from '../parameters/parameters.ts';

/** A value that was set. */
export interface LiveValue {
  /** In the syntax of main.cf. */
  readonly value: string;
  /** When it ends, in milliseconds since 1970; absent: it stays until it is changed. */
  readonly until?: number;
  /** When it was set, in milliseconds since 1970. */
  readonly at: number;
  /** Who set it: an AWS identity. */
  readonly by: string;
  readonly why: string;
  /** The value that returns when this one ends; absent: that of the deployment. It ends later than this one, or never. */
  readonly before?: LiveValue;
}

/** The settings after one change. */
export interface SettingsVersion {
  /** 1, 2, 3, ...: each change adds one. */
  readonly version: number;
  /** All values that are set, by the name of the parameter. */
  readonly values: Readonly<Record<string, LiveValue>>;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** The operator: an AWS identity. */
  readonly by: string;
  /** What was changed: `set debug_peer_list`. */
  readonly what: string;
  readonly why: string;
}

/** The part of a version that says what is in force. */
type LiveValues = Pick<SettingsVersion, 'values'>;

/** The store of the versions. Every method throws temporary errors. */
export interface SettingsStore {
  /** The latest version; undefined if nothing was ever set. */
  latest(): Promise<SettingsVersion | undefined>;
  /** The versions, latest first. */
  history(): AsyncIterable<SettingsVersion>;
  /** Adds a version. False: that version exists already, because another operator was faster. */
  add(version: SettingsVersion): Promise<boolean>;
}

/**
 * Returns the values of a version that are in force. Those of a later release, which this one does not have, are left out.
 *
 * @param now milliseconds since 1970
 */
export function valuesAt(version: LiveValues | undefined, now: number): WrittenParameters {
  const known = Object.entries(liveValuesAt(version, now)).filter(([name]) => isParameterName(name));
  return Object.fromEntries(known.map(([name, { value }]) => [name, value]));
}

/** Returns the names of values that no parameter of this release has: another release wrote them. */
export function unknownNames(version: SettingsVersion | undefined): readonly string[] {
  return Object.keys(version?.values ?? {}).filter((name) => !isParameterName(name));
}

/**
 * Returns the values of a version that are in force, each with when it ends and what returns then.
 *
 * @param now milliseconds since 1970
 */
export function liveValuesAt(version: LiveValues | undefined, now: number): Readonly<Record<string, LiveValue>> {
  const entries = Object.entries(version?.values ?? {}).flatMap(([name, value]) => {
    const live = lastingAt(value, now);
    return live === undefined ? [] : [[name, live] as const];
  });
  return Object.fromEntries(entries);
}

/** Returns a value, or that which returned when it ended, or which returns at a moment to come; undefined: the deployment's. */
export function lastingAt(value: LiveValue | undefined, moment: number): LiveValue | undefined {
  let lasting = value;
  while (lasting?.until !== undefined && lasting.until <= moment) lasting = lasting.before;
  return lasting;
}

/** Returns the moments at which a value ends, and those that return after it, in milliseconds since 1970. */
export function endsOf({ until, before }: LiveValue): readonly number[] {
  return until === undefined ? [] : [until, ...(before === undefined ? [] : endsOf(before))];
}
