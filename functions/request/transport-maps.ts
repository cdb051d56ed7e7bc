/**
 * The current transport map: read from a file or an object outside the function, so that it can be changed without a
 * deployment, and cached.
 *
 * If it cannot be read again, or its new version is unusable, the cached one stays in use. Without a cached one the
 * caller gets the error and must try again.
 */

import { type Clock, elapsed, type Moment } from '../time/clock.ts';
import { type TransportMap, TransportMapError } from './transport-map.ts';

/** The text of a map. */
export interface MapText {
  readonly text: string;
  /** Differs for a different text. */
  readonly version: string;
}

/** Source of the text of a map. */
export interface MapSource {
  /** Name for operators, such as `s3://bucket/transport`. */
  readonly name: string;
  /**
   * Reads the text, unless the version is still `known`.
   *
   * @throws the error of the source
   */
  read(known: string | undefined): Promise<MapText | 'unchanged'>;
}

/** Destination of log lines. */
export interface MapLog {
  note(level: 'info' | 'warn' | 'error', message: string, facts: Readonly<Record<string, unknown>>): void;
}

/** What the maps of a stack depend on. */
export interface TransportMapsOptions {
  readonly source: MapSource;
  /** Parses the text; throws a TransportMapError if it is unusable. */
  readonly parse: (text: string) => TransportMap;
  readonly clock: Clock;
  readonly log: MapLog;
}

/** Milliseconds for which a map is cached. */
export const mapFreshness = 60_000;

/** The transport map of a process. */
export class TransportMaps {
  readonly #options: TransportMapsOptions;
  #map: TransportMap | undefined;
  /** Version of the latest text, usable or not: an unusable one is logged once. */
  #version: string | undefined;
  #looked: Moment | undefined;
  #looking: Promise<TransportMap> | undefined;

  constructor(options: TransportMapsOptions) {
    this.#options = options;
  }

  /**
   * Returns the map, at most a minute old if its source can be read.
   *
   * @throws the error that prevents reading or parsing the first one
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

  /** The map that was current at the last call of current(). */
  get known(): TransportMap {
    if (this.#map === undefined) throw new Error('the transport map has not been read yet');
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
      log.note(isUnusable ? 'error' : 'warn', `${what}; the previous version stays in use`, {
        map: source.name,
        error,
      });
    }
    this.#looked = clock.now();
    if (this.#map === undefined)
      throw new TransportMapError(`${source.name}: no usable transport map has been read yet`);
    return this.#map;
  }

  #take({ text, version }: MapText): void {
    const { source, parse, log } = this.#options;
    const isFirst = this.#map === undefined;
    // Without a map, an unusable text is read and logged each time.
    if (!isFirst) this.#version = version;
    this.#map = parse(text);
    this.#version = version;
    if (!isFirst) log.note('info', 'transport map changed', { map: source.name, version });
  }
}
