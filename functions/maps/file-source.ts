/**
 * A table in a file, read again whenever somebody wants to know whether it has changed.
 */

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** The text of a file. */
export class FileSource {
  readonly name: string;
  readonly #path: string;

  /** @param path of the file, as the function sees it: in its code, a layer, or a mounted file system */
  constructor(path: string) {
    this.#path = path;
    this.name = `texthash:${path}`;
  }

  /** Reads the text, unless it is still that of a version which is known. Throws as node:fs does. */
  async read(known: string | undefined): Promise<{ readonly text: string; readonly version: string } | 'unchanged'> {
    const text = await readFile(this.#path, 'utf8');
    const version = createHash('sha256').update(text).digest('hex').slice(0, 16);
    return version === known ? 'unchanged' : { text, version };
  }
}
