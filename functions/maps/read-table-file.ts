/**
 * The port through which maps read their files.
 */

import { readFileSync } from 'node:fs';

/** Gives the text of a file; throws as node:fs does when it cannot. */
export type ReadTableFile = (path: string) => string;

/** The file system, as this process sees it. */
export const readTableFile: ReadTableFile = (path) => readFileSync(path, 'utf8');
