/**
 * A table in a file, read again at each request for changes.
 */

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** A file with a table. */
export class FileSource {
  readonly name: string;
  readonly #path: string;

  /** @param path the path in the function: in its code, a layer, or a mounted file system */
  constructor(path: string) {
    this.#path = path;
    this.name = `texthash:${path}`;
  }

  /** Returns the text, or `unchanged` if it has the known version. Throws the errors of node:fs. */
  async read(known: string | undefined): Promise<{ readonly text: string; readonly version: string } | 'unchanged'> {
    const text = await readFile(this.#path, 'utf8');
    const version = createHash('sha256').update(text).digest('hex').slice(0, 16);
    return version === known ? 'unchanged' : { text, version };
  }
}
