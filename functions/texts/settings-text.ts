/** Settings of a stack in words. Names of operators and reasons are escaped for the terminal. */

import { escaped } from '../log/postfix-line.ts';
import type { ChangedSetting, SettingsChange } from '../operator/change-settings.ts';
import type { CurrentSetting } from '../operator/current-settings.ts';
import type { SettingsVersion } from '../settings/version.ts';
import { fromNow, inWords, moment } from './words.ts';

/** A value as text: an empty one is named. */
function shown(value: string): string {
  return value === '' ? '(empty)' : escaped(value);
}

/** Returns what a change came to: a line for each parameter, and what follows. */
export function changeAsText(
  { changed, version }: SettingsChange,
  { whatIf, now }: { readonly whatIf?: true | undefined; readonly now: number },
): readonly string[] {
  if (changed.length === 0) return ['Nothing was changed: these values are in force already'];
  const after =
    whatIf === true
      ? `-- version ${version} would be written; nothing was changed`
      : `-- version ${version}; the functions use it within a minute`;
  return [...changed.map((setting) => changedLine(setting, now)), after];
}

function changedLine({ name, from, to, isDeployed, until, next }: ChangedSetting, now: number): string {
  const end = endOf(until, next, now);
  const origin = isDeployed ? ', as deployed' : '';
  return `${name}: ${shown(from)} → ${shown(to)}${origin}${end}`;
}

function endOf(until: number | undefined, next: string | undefined, now: number): string {
  return until === undefined ? '' : `, until ${moment(until)} (${fromNow(until, now)}), then ${shown(next ?? '')}`;
}

/** Returns a parameter in force as two lines: the value, and where it comes from. */
export function settingAsText(setting: CurrentSetting, now: number): readonly string[] {
  const { name, value, from, default: standard, deployed = '', set, until, next, atDeployment } = setting;
  const head = `${name} =${value === '' ? '' : ` ${escaped(value)}`}`;
  const fixed = atDeployment === undefined ? '' : '; changes only with a deployment';
  if (from === 'default') return [head, `    default${fixed}`];
  if (from === 'deployment') return [head, `    deployment; default: ${shown(standard)}${fixed}`];
  const end = endOf(until, next, now);
  const author =
    set === undefined ? '' : `, set ${inWords(now - set.at)} ago by ${escaped(set.by)} (${escaped(set.why)})`;
  return [head, `    live${end}${author}; deployment: ${shown(deployed)}`];
}

/** Returns the line about the version in force. */
export function versionLine(latest: SettingsVersion | undefined): string {
  if (latest === undefined) return '-- no parameter was ever set without a deployment';
  return `-- version ${latest.version} of ${moment(latest.at)}, by ${escaped(latest.by)}: ${escaped(latest.what)}`;
}

/** Returns a version of the history as one line. */
export function versionAsText({ version, at, by, what, why }: SettingsVersion): string {
  return `${String(version).padStart(4)}  ${moment(at)}  ${escaped(what)}  by ${escaped(by)} (${escaped(why)})`;
}
