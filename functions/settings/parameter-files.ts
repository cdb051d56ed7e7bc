/**
 * The objects in S3 that parameters name: tables of maps, lists of patterns, certificates. They are read once a minute, so that a
 * change takes effect without a deployment.
 */

import { filesNamedIn, isObjectUrl } from '../parameters/named-files.ts';
import { isParameterName, type ParameterName, rowOf, type WrittenParameters } from '../parameters/parameters.ts';

/** The text of an object. */
export interface ObjectText {
  readonly text: string;
  /** Differs for a different text. */
  readonly version: string;
}

/**
 * Reads an object by its URL, unless its version is still `known`.
 *
 * @throws the error of the source
 */
export type ReadObject = (url: string, known: string | undefined) => Promise<ObjectText | 'unchanged'>;

/** An object that parameters name cannot be read, and never was. The message names the parameter and the object. */
export class ParameterFileError extends Error {
  override readonly name = 'ParameterFileError';
}

/** What is told about an object that cannot be read again. */
export type OnStale = (url: string, error: unknown) => void;

/** The objects that the parameters of a process name. */
export class ParameterFiles {
  readonly #read: ReadObject;
  readonly #onStale: OnStale;
  readonly #uses: (name: ParameterName) => boolean;
  readonly #texts = new Map<string, ObjectText>();

  /** @param uses whether the process uses a parameter: it may read only objects that such parameters name */
  constructor(read: ReadObject, uses: (name: ParameterName) => boolean, onStale: OnStale) {
    this.#read = read;
    this.#uses = uses;
    this.#onStale = onStale;
  }

  /**
   * Reads the objects that changed.
   *
   * @returns a text that changes with them
   * @throws ParameterFileError for one that cannot be read, and never was
   */
  async load(values: WrittenParameters): Promise<string> {
    const named = Object.entries(values).flatMap(([name, value = '']) =>
      isParameterName(name) && this.#uses(name) ? objectsIn(name, value).map((url) => ({ name, url })) : [],
    );
    await Promise.all(named.map((one) => this.#load(one)));
    return JSON.stringify(named.map(({ url }) => [url, this.#texts.get(url)?.version]));
  }

  /** Returns the text of an object; empty for one that this process does not use. */
  text(url: string): string {
    return this.#texts.get(url)?.text ?? '';
  }

  async #load({ name, url }: { readonly name: string; readonly url: string }): Promise<void> {
    const known = this.#texts.get(url);
    try {
      const found = await this.#read(url, known?.version);
      if (found !== 'unchanged') this.#texts.set(url, found);
    } catch (cause) {
      if (known !== undefined) return this.#onStale(url, cause);
      throw new ParameterFileError(`${name}: ${url} cannot be read`, { cause });
    }
  }
}

/**
 * Returns an object that live values name and the deployment does not: it permits the functions to read only its own. Undefined: there
 * is none.
 */
export function foreignObject(values: WrittenParameters, deployed: WrittenParameters): string | undefined {
  const permitted = new Set(objectsOf(deployed));
  return objectsOf(values).find((url) => !permitted.has(url));
}

function objectsOf(values: WrittenParameters): readonly string[] {
  return Object.entries(values).flatMap(([name, value = '']) => (isParameterName(name) ? objectsIn(name, value) : []));
}

function objectsIn(name: ParameterName, value: string): readonly string[] {
  return filesNamedIn(value, rowOf(name)).flatMap(({ file }) => (isObjectUrl(file) ? [file] : []));
}
