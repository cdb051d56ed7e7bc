/**
 * `lambda-lmtp settings`, `set`, `unset` and `revert`: the parameters of a running stack (postconf -n, postconf -e and postfix reload).
 */

import type { Command } from 'commander';
import { escaped } from '../log/postfix-line.ts';
import { changeSettings, SettingsBusyError, type SettingsOrder } from '../operator/change-settings.ts';
import { currentSettings } from '../operator/current-settings.ts';
import { SettingsError, whyUnusable } from '../operator/refuse-settings.ts';
import { isParameterName, ParameterError, parameterNames } from '../parameters/parameters.ts';
import { whyNot } from '../parameters/why-not.ts';
import { wallTime } from '../queue/writes/services.ts';
import { unknownNames } from '../settings/version.ts';
import { nextLine, proposerOf } from '../texts/next-command.ts';
import { changeAsText, settingAsText, versionAsText, versionLine } from '../texts/settings-text.ts';
import { exitCodes } from './exit-codes.ts';
import { Failure } from './failure.ts';
import { readEnd } from './hold-options.ts';
import { guarded, type OperateOptions, openOperation, print } from './operate.ts';
import { splitOption } from './parameter-options.ts';
import type { Run } from './run.ts';

/** The options as commander hands them over. */
export interface SettingsOptions extends OperateOptions {
  readonly all?: true;
  readonly history?: true;
}

/** Options of every change; times are milliseconds. */
export interface ChangeSettingsOptions extends OperateOptions {
  readonly whatIf?: true;
  readonly reason?: string;
  readonly for?: number;
  readonly until?: number;
}

/** Shows what is in force, or what was. */
export const settingsAction = guarded(showSettings);
/** Sets parameters. */
export const setAction = guarded(setParameters);
/** Returns parameters to the values of the deployment. */
export const unsetAction = guarded(unsetParameters);
/** Returns to an earlier version. */
export const revertAction = guarded(revert);

async function showSettings(run: Run, names: readonly string[], options: SettingsOptions): Promise<void> {
  for (const name of names) if (!isParameterName(name)) throw new Failure('usage', `${name}: ${whyNot(name)}`);
  const { settings, deployed, services } = await openOperation(options, run);
  const isJson = options.json === true;
  if (options.history === true) {
    for await (const version of settings.history()) {
      await print(isJson ? JSON.stringify(version) : versionAsText(version), run);
    }
    return;
  }
  const latest = await settings.latest();
  const now = wallTime(services);
  const chosen = names.length > 0 ? names : options.all === true ? parameterNames : undefined;
  for (const setting of currentSettings(latest, deployed, now, chosen)) {
    await print(isJson ? JSON.stringify(setting) : settingAsText(setting, now).join('\n'), run);
  }
  for (const name of unknownNames(latest)) {
    run.stderr.write(`warning: ${escaped(name)}: this release has no such parameter, and leaves it out\n`);
  }
  const fault = whyUnusable(latest, deployed, now);
  if (fault !== undefined) {
    run.stderr.write(`warning: version ${latest?.version} is not in force: ${escaped(fault)}. ${whatServes}\n`);
  }
  if (!isJson) await print(versionLine(latest), run);
}

/** What the functions do with a version that they cannot use. */
const whatServes = 'The functions use the latest version before it that they can use, or else the deployment';

async function setParameters(
  run: Run,
  assignments: readonly string[],
  options: ChangeSettingsOptions,
  command: Command,
): Promise<void> {
  const pairs = assignments.map((assignment) => splitOrFail(assignment));
  const twice = pairs.find(([name], index) => pairs.findIndex(([other]) => other === name) < index);
  if (twice !== undefined) throw new Failure('usage', `${twice[0]}: is given twice: expected each parameter once`);
  const values = Object.fromEntries(pairs);
  const now = Date.now();
  const until = readEnd(options, now, command);
  await change(run, { kind: 'set', values, ...(until === undefined ? {} : { until }) }, options, now);
}

async function unsetParameters(run: Run, names: readonly string[], options: ChangeSettingsOptions): Promise<void> {
  await change(run, { kind: 'unset', names }, options);
}

async function revert(run: Run, version: number | undefined, options: ChangeSettingsOptions): Promise<void> {
  await change(run, { kind: 'revert', ...(version === undefined ? {} : { version }) }, options);
}

/** @param now milliseconds since 1970 */
async function change(run: Run, order: SettingsOrder, options: ChangeSettingsOptions, now = Date.now()): Promise<void> {
  const { whatIf, reason: why = 'no reason given' } = options;
  const operation = await openOperation(options, run);
  const { settings: store, deployed, bodyRetention, readsSettings } = operation;
  if (!readsSettings) {
    throw new Failure(
      'usage',
      'the functions of this stack are of a release that reads no live settings: deploy it first',
    );
  }
  const by = whatIf === true ? '(--what-if)' : await operation.caller();
  const context = {
    ...{ store, deployed, by, why, now },
    ...(whatIf === true ? { whatIf } : {}),
    ...(bodyRetention === undefined ? {} : { bodyRetention }),
  };
  const made = await changeSettings(order, context).catch((error: unknown) => {
    if (error instanceof SettingsBusyError) throw new Failure('tempFail', error.message, { cause: error });
    if (error instanceof SettingsError) throw new Failure('usage', error.message, { cause: error });
    throw error;
  });
  if (options.json === true) {
    const outcome = made.changed.length === 0 ? 'passed over' : whatIf === true ? 'would change' : 'changed';
    await print(JSON.stringify({ outcome, ...made }), run);
  } else {
    await print(changeAsText(made, { whatIf, now }).join('\n'), run);
    if (made.changed.length > 0 && whatIf !== true) await print(nextLine(['revert'], proposerOf(run, options)), run);
  }
  run.exitCode = exitCodes.ok;
}

function splitOrFail(assignment: string): readonly [name: string, value: string] {
  try {
    return splitOption(assignment);
  } catch (error) {
    if (error instanceof ParameterError) throw new Failure('usage', error.message, { cause: error });
    throw error;
  }
}
