/**
 * The port for reading the files of maps.
 */

import { readFileSync } from 'node:fs';

/** Returns the text of a file; throws the errors of node:fs. */
export type ReadTableFile = (path: string) => string;

/** Reads from the file system. */
export const readTableFile: ReadTableFile = (path) => readFileSync(path, 'utf8');
