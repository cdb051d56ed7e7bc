/**
 * The transport map as it is now: read from a file or an object outside the function, so that it can be changed without a
 * deployment, and kept for a while.
 *
 * Where it cannot be read again, or its new version cannot be used, the one that is known serves on. Where none is known
 * yet there is nothing to go by: whoever asks has to come again.
 */

import { type Clock, elapsed, type Moment } from '../time/clock.ts';
import { type TransportMap, TransportMapError } from './transport-map.ts';

/** The text of a map. */
export interface MapText {
  readonly text: string;
  /** Another text has another version. */
  readonly version: string;
}

/** Where the text of a map comes from. */
export interface MapSource {
  /** As people name it, such as `s3://bucket/transport`. */
  readonly name: string;
  /**
   * Reads the text, unless it is still that of a version which is known.
   *
   * @throws whatever keeps it from being read
   */
  read(known: string | undefined): Promise<MapText | 'unchanged'>;
}

/** Where lines of the log go. */
export interface MapLog {
  note(level: 'info' | 'warn' | 'error', message: string, facts: Readonly<Record<string, unknown>>): void;
}

/** What the maps of a stack depend on. */
export interface TransportMapsOptions {
  readonly source: MapSource;
  /** Reads the text; throws a TransportMapError where it cannot be used. */
  readonly parse: (text: string) => TransportMap;
  readonly clock: Clock;
  readonly log: MapLog;
}

/** Milliseconds for which a map is taken to be as it was read. */
export const mapFreshness = 60_000;

/** The transport map of a process. */
export class TransportMaps {
  readonly #options: TransportMapsOptions;
  #map: TransportMap | undefined;
  /** Of the latest text, whether it could be used or not: what is wrong with it is said once. */
  #version: string | undefined;
  #looked: Moment | undefined;
  #looking: Promise<TransportMap> | undefined;

  constructor(options: TransportMapsOptions) {
    this.#options = options;
  }

  /**
   * The map, at most a minute old where its source can be read.
   *
   * @throws what keeps the first one from being read or used
   */
  async current(): Promise<TransportMap> {
    const { clock } = this.#options;
    const isFresh = this.#looked !== undefined && elapsed(this.#looked, clock.now()) < mapFreshness;
    if (this.#map !== undefined && isFresh) return this.#map;
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return await this.#looking;
  }

  /** The map as it was when somebody last asked for the current one. */
  get known(): TransportMap {
    if (this.#map === undefined) throw new Error('nobody has asked for a map yet');
    return this.#map;
  }

  async #look(): Promise<TransportMap> {
    const { source, log, clock } = this.#options;
    try {
      const found = await source.read(this.#version);
      if (found !== 'unchanged') this.#take(found);
    } catch (error) {
      if (this.#map === undefined) throw error;
      const isUnusable = error instanceof TransportMapError;
      const what = isUnusable ? 'transport map cannot be used' : 'transport map cannot be read';
      log.note(isUnusable ? 'error' : 'warn', `${what}; the one before it serves on`, { map: source.name, error });
    }
    this.#looked = clock.now();
    if (this.#map === undefined) throw new TransportMapError(`${source.name}: there is no map yet that can be used`);
    return this.#map;
  }

  #take({ text, version }: MapText): void {
    const { source, parse, log } = this.#options;
    const isFirst = this.#map === undefined;
    // While nothing else is known, an unusable text is read, and complained of, each time.
    if (!isFirst) this.#version = version;
    this.#map = parse(text);
    this.#version = version;
    if (!isFirst) log.note('info', 'transport map changed', { map: source.name, version });
  }
}
