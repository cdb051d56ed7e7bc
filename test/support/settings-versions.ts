/** Versions of live settings, and a store of them in memory. */
import type { SettingsStore, SettingsVersion } from '../../functions/settings/version.ts';

/** Returns a version with these values, which end together. */
export function versionOf(version: number, values: Readonly<Record<string, string>>, until?: number): SettingsVersion {
  const set = { at: 1, by: 'an operator', why: 'a test' };
  const end = until === undefined ? {} : { until };
  const entries = Object.entries(values).map(([name, value]) => [name, { value, ...set, ...end }]);
  return { version, values: Object.fromEntries(entries), ...set, what: `set ${Object.keys(values).join(', ')}` };
}

/** A store in memory. */
export class MemorySettings implements SettingsStore {
  readonly versions: SettingsVersion[] = [];
  /** Called before a version is added. */
  onAdd = () => {};

  async latest(): Promise<SettingsVersion | undefined> {
    return this.versions.at(-1);
  }

  async *history(): AsyncIterable<SettingsVersion> {
    yield* this.versions.toReversed();
  }

  async add(version: SettingsVersion): Promise<boolean> {
    this.onAdd();
    if (this.versions.some((other) => other.version === version.version)) return false;
    this.versions.push(version);
    return true;
  }
}
