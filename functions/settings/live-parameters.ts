/**
 * The parameters of a function: those of its deployment, with the live settings over them.
 *
 * The settings are looked at once a minute. If they cannot be read, or cannot be used, what was in force before stays.
 */

import { ParameterError, type Parameters, parseParameters, type WrittenParameters } from '../parameters/parameters.ts';
import { type Clock, elapsed, type Moment } from '../time/clock.ts';
import { type SettingsStore, type SettingsVersion, valuesAt } from './version.ts';

/** Destination of log lines. */
export interface SettingsLog {
  note(level: 'info' | 'warn' | 'error', message: string, facts: Readonly<Record<string, unknown>>): void;
}

/** What live parameters depend on. */
export interface LiveParametersOptions {
  /** The parameters of the deployment. */
  readonly deployed: WrittenParameters;
  readonly store: Pick<SettingsStore, 'latest' | 'history'>;
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
  /** What is in force, and the values that it was made from. */
  #made: { readonly key: string; readonly parameters: Parameters };
  /** Values that cannot be used: each is logged once. */
  readonly #refused = new Set<string>();

  /** @throws ParameterError if the parameters of the deployment are wrong: the function does not start */
  constructor(options: LiveParametersOptions) {
    this.#options = options;
    this.deployed = parseParameters(options.deployed);
    this.#made = { key: keyOf({}), parameters: this.deployed };
  }

  /** Returns the parameters in force: the same object until one changes. */
  async current(): Promise<Parameters> {
    const { clock } = this.#options;
    const isFresh = this.#looked !== undefined && elapsed(this.#looked, clock.now()) < settingsFreshness;
    if (!isFresh) {
      this.#looking ??= this.#look().finally(() => {
        this.#looking = undefined;
      });
      await this.#looking;
    }
    this.#use(this.#version);
    return this.#made.parameters;
  }

  async #look(): Promise<void> {
    const { store, log, clock } = this.#options;
    const begun = clock.now();
    try {
      const latest = await store.latest();
      if (latest === undefined || this.#use(latest)) this.#version = latest;
      else this.#version ??= await this.#usableBefore(latest);
    } catch (error) {
      log.note('warn', 'settings cannot be read; those in force stay', { error, version: this.#version?.version ?? 0 });
    }
    this.#looked = begun;
  }

  /** Returns the latest version before an unusable one that can be used. */
  async #usableBefore({ version }: SettingsVersion): Promise<SettingsVersion | undefined> {
    let looked = 0;
    for await (const earlier of this.#options.store.history()) {
      if (earlier.version >= version) continue;
      if (this.#use(earlier)) return earlier;
      looked += 1;
      if (looked === versionsBack) return undefined;
    }
    return undefined;
  }

  /** Makes the parameters of a version, unless they are in force. False: the version cannot be used. */
  #use(version: SettingsVersion | undefined): boolean {
    const { deployed, clock, log } = this.#options;
    const values = valuesAt(version, clock.now().wall);
    const key = keyOf(values);
    if (key === this.#made.key) return true;
    if (this.#refused.has(key)) return false;
    try {
      this.#made = { key, parameters: parseParameters({ ...deployed, ...values }) };
    } catch (error) {
      if (!(error instanceof ParameterError)) throw error;
      this.#refused.add(key);
      log.note('error', 'settings cannot be used; those in force stay', { error, version: version?.version ?? 0 });
      return false;
    }
    log.note('info', 'settings changed', { version: version?.version ?? 0, set: Object.keys(values) });
    return true;
  }
}

/** Two versions with the same values in force have the same key. */
function keyOf(values: WrittenParameters): string {
  return JSON.stringify(Object.entries(values).sort());
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
