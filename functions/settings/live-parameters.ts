/**
 * The parameters of a function: those of its deployment, with the live settings over them.
 *
 * The settings are looked at once a minute. If they cannot be read, or cannot be used, what was in force before stays.
 */

import { readTableFile } from '../maps/read-table-file.ts';
import { isObjectUrl } from '../parameters/named-files.ts';
import { ParameterError, type Parameters, parseParameters, type WrittenParameters } from '../parameters/parameters.ts';
import { type Clock, elapsed, type Moment } from '../time/clock.ts';
import { foreignObject, ParameterFileError, type ParameterFiles } from './parameter-files.ts';
import { type SettingsStore, type SettingsVersion, unknownNames, valuesAt } from './version.ts';

/** Destination of log lines. */
export interface SettingsLog {
  note(level: 'info' | 'warn' | 'error', message: string, facts: Readonly<Record<string, unknown>>): void;
}

/** What live parameters depend on. */
export interface LiveParametersOptions {
  /** The parameters of the deployment. */
  readonly deployed: WrittenParameters;
  readonly store: Pick<SettingsStore, 'latest' | 'history'>;
  /** The objects that parameters name. */
  readonly files: ParameterFiles;
  readonly clock: Clock;
  readonly log: SettingsLog;
}

/** Milliseconds after which the settings are looked at again. */
export const settingsFreshness = 60_000;

/** How many versions back a new container looks for one that it can use. */
const versionsBack = 10;

/** The parameters of a process. */
export class LiveParameters {
  /** Those of the deployment. */
  readonly deployed: Parameters;
  readonly #options: LiveParametersOptions;
  #version: SettingsVersion | undefined;
  #looked: Moment | undefined;
  #looking: Promise<void> | undefined;
  /** Whether the settings were ever read. */
  #wasRead = false;
  /** The version of which it was logged that it has unknown parameters. */
  #unknownIn = 0;
  /** The objects of these values, as they were read after the last look. */
  #loaded: { readonly values: string; readonly key: string } | undefined;
  /** What is in force, and the values that it was made from; absent until all that they name has been read. */
  #made: { readonly key: string; readonly parameters: Parameters } | undefined;
  /** Why the latest values cannot be used. */
  #fault: ParameterError | undefined;
  /** Values that cannot be used: each is logged once. */
  readonly #refused = new Set<string>();

  /** @throws ParameterError if the parameters of the deployment are wrong: the function does not start */
  constructor(options: LiveParametersOptions) {
    this.#options = options;
    // Objects are read later; until then they count as empty.
    this.deployed = parseParameters(options.deployed, { readFile: this.readFile });
  }

  /** Reads a file that a parameter names: of the function, or an object as it was read last. Throws the errors of node:fs. */
  readonly readFile = (file: string): string =>
    isObjectUrl(file) ? this.#options.files.text(file) : readTableFile(file);

  /**
   * Returns the parameters in force: the same object until one changes.
   *
   * @throws ParameterFileError, ParameterError if an object that they name cannot be read or used, and never could
   */
  async current(): Promise<Parameters> {
    const { clock } = this.#options;
    const isFresh = this.#looked !== undefined && elapsed(this.#looked, clock.now()) < settingsFreshness;
    if (!isFresh) {
      this.#looking ??= this.#look().finally(() => {
        this.#looking = undefined;
      });
      await this.#looking;
    }
    await this.#use(this.#version);
    if (this.#made === undefined) throw this.#fault ?? new Error('no parameters are in force');
    return this.#made.parameters;
  }

  async #look(): Promise<void> {
    const { store, log, clock } = this.#options;
    const begun = clock.now();
    this.#loaded = undefined;
    try {
      const latest = await store.latest();
      this.#wasRead = true;
      this.#warnOfUnknown(latest);
      if (latest === undefined || (await this.#use(latest))) this.#version = latest;
      else this.#version ??= await this.#usableBefore(latest);
    } catch (error) {
      if (error instanceof ParameterFileError) throw error;
      log.note('warn', 'settings cannot be read; those in force stay', { error, version: this.#version?.version ?? 0 });
    }
    // Until they were read once, each use tries: the values of the deployment may be what an operator has just replaced.
    if (this.#wasRead) this.#looked = begun;
  }

  #warnOfUnknown(latest: SettingsVersion | undefined): void {
    const names = unknownNames(latest);
    const version = latest?.version ?? 0;
    if (names.length === 0 || version === this.#unknownIn) return;
    this.#unknownIn = version;
    this.#options.log.note('warn', 'settings of another release are left out: this one has no such parameters', {
      version,
      names,
    });
  }

  /** Reads the objects once after each look at the settings, and those of other values at once. */
  async #loadFiles(written: WrittenParameters): Promise<string> {
    const { files } = this.#options;
    const values = JSON.stringify(written);
    if (this.#loaded?.values !== values) this.#loaded = { values, key: await files.load(written) };
    return this.#loaded.key;
  }

  /** Returns the latest version before an unusable one that can be used. */
  async #usableBefore({ version }: SettingsVersion): Promise<SettingsVersion | undefined> {
    let looked = 0;
    for await (const earlier of this.#options.store.history()) {
      if (earlier.version >= version) continue;
      if (await this.#use(earlier)) return earlier;
      looked += 1;
      if (looked === versionsBack) return undefined;
    }
    return undefined;
  }

  /** Makes the parameters of a version, unless they are in force. False: the version cannot be used. */
  async #use(version: SettingsVersion | undefined): Promise<boolean> {
    const { deployed, clock, log } = this.#options;
    const values = valuesAt(version, clock.now().wall);
    const written = { ...deployed, ...values };
    const foreign = foreignObject(values, deployed);
    if (foreign !== undefined) {
      const error = `${foreign} is not a file of the deployment, which may have named it before`;
      return this.#refuse(keyOf(values, foreign), version, error);
    }
    const key = keyOf(values, await this.#loadFiles(written));
    if (key === this.#made?.key) return true;
    if (this.#refused.has(key)) return false;
    const isDeployed = key === keyOf({}, noFiles);
    const isFirst = this.#made === undefined;
    try {
      const parameters = isDeployed ? this.deployed : parseParameters(written, { readFile: this.readFile });
      this.#made = { key, parameters };
    } catch (error) {
      if (!(error instanceof ParameterError)) throw error;
      this.#fault = error;
      return this.#refuse(key, version, error);
    }
    if (isFirst && Object.keys(values).length === 0) return true;
    log.note('info', 'settings changed', { version: version?.version ?? 0, set: Object.keys(values) });
    return true;
  }

  /** Logs once that a version cannot be used. */
  #refuse(key: string, version: SettingsVersion | undefined, error: unknown): false {
    if (this.#refused.has(key)) return false;
    this.#refused.add(key);
    const facts = { error, version: version?.version ?? 0 };
    this.#options.log.note('error', 'settings cannot be used; those in force stay', facts);
    return false;
  }
}

/** Where no parameter names an object. */
const noFiles = '[]';

/** Versions with the same values in force, and the same files, have the same key. */
function keyOf(values: WrittenParameters, files: string): string {
  return JSON.stringify([Object.entries(values).sort(), files]);
}

/**
 * Returns what is made from the parameters in force: the same until they change. It is made once from those of the deployment, so
 * that an error in them is found at the start.
 *
 * @param retire ends what was made from the parameters before
 */
export function madeFrom<T>(
  live: Pick<LiveParameters, 'current' | 'deployed'>,
  make: (parameters: Parameters) => T,
  retire: (made: T) => void = () => {},
): () => Promise<T> {
  let last = { parameters: live.deployed, made: make(live.deployed) };
  return async () => {
    const parameters = await live.current();
    if (last.parameters === parameters) return last.made;
    const before = last;
    last = { parameters, made: make(parameters) };
    retire(before.made);
    return last.made;
  };
}
