/** What parameters of a stack are in force, and where each comes from. */

import { parameterNames, rowOf, shownValue, type WrittenParameters } from '../parameters/parameters.ts';
import { lastingAt, type SettingsVersion } from '../settings/version.ts';
import { deployedValue, shownAfter } from './change-settings.ts';

/** A parameter in force. Values are without passwords. */
export interface CurrentSetting {
  readonly name: string;
  /** As it is written: with `$name`. */
  readonly value: string;
  readonly from: 'live' | 'deployment' | 'default';
  readonly default: string;
  /** The value of the deployment, if a live one replaces it. */
  readonly deployed?: string;
  /** When, by which operator and why the live value was set. Times are milliseconds since 1970. */
  readonly set?: { readonly at: number; readonly by: string; readonly why: string };
  /** When the live value ends. */
  readonly until?: number;
  /** The value that returns then. */
  readonly next?: string;
  /** Why it changes only with a deployment; absent: `set` changes it. */
  readonly atDeployment?: string;
}

/**
 * Returns parameters in force, in the order of the table.
 *
 * @param names which; absent: those that are not the default
 * @param now milliseconds since 1970
 */
export function currentSettings(
  latest: SettingsVersion | undefined,
  deployed: WrittenParameters,
  now: number,
  names?: readonly string[],
): readonly CurrentSetting[] {
  return parameterNames
    .filter((name) => names === undefined || names.includes(name))
    .map((name) => currentSetting(name, latest, deployed, now))
    .filter(({ from }) => names !== undefined || from !== 'default');
}

function currentSetting(
  name: (typeof parameterNames)[number],
  latest: SettingsVersion | undefined,
  deployed: WrittenParameters,
  now: number,
): CurrentSetting {
  const { default: standard, atDeployment } = rowOf(name);
  const base = { name, default: standard, ...(atDeployment === undefined ? {} : { atDeployment }) };
  const live = lastingAt(latest?.values[name], now);
  const value = shownValue(name, deployedValue(name, deployed));
  if (live === undefined) {
    return { ...base, value, from: deployed[name] === undefined ? 'default' : 'deployment' };
  }
  const { at, by, why, until } = live;
  return {
    ...base,
    ...{ value: shownValue(name, live.value), from: 'live', deployed: value, set: { at, by, why } },
    ...(until === undefined ? {} : { until, next: shownAfter(name, live, deployed) }),
  };
}
