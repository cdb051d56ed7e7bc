/**
 * The files that a value names: tables of maps, lists of patterns, certificates and keys.
 */

import { splitOutsideBraces } from '../maps/braces.ts';
import type { Row } from './row.ts';

/** A file in a value. */
export interface NamedFile {
  /** A path, or the URL of an object in S3. */
  readonly file: string;
  /** Where it begins in the value. */
  readonly at: number;
}

/** Returns the files that a value of a row names, in their order. Secrets and `system` are no files. */
export function filesNamedIn(value: string, row: Row): readonly NamedFile[] {
  const found: NamedFile[] = [];
  let from = 0;
  for (const word of splitOutsideBraces(value)) {
    const start = value.indexOf(word, from);
    from = start + word.length;
    const file = fileOf(word, row);
    if (file !== undefined) found.push({ file, at: start + word.length - file.length });
  }
  return found;
}

/** Returns the value with other names for its files. */
export function withFiles(value: string, row: Row, rename: (file: string) => string): string {
  return filesNamedIn(value, row).reduceRight(
    (text, { file, at }) => `${text.slice(0, at)}${rename(file)}${text.slice(at + file.length)}`,
    value,
  );
}

/** Whether a name is that of an object in S3. */
export function isObjectUrl(file: string): boolean {
  return file.startsWith('s3://');
}

function fileOf(word: string, row: Row): string | undefined {
  switch (row.kind) {
    case 'maps':
    case 'passwords':
      return fileOfMap(word);
    case 'patterns':
      return fileOfPattern(word.replace(/^!+/, ''));
    case 'text':
      return row.isSource === true && word !== 'system' && !word.startsWith('secretsmanager:') ? word : undefined;
    default:
      return undefined;
  }
}

function fileOfMap(specification: string): string | undefined {
  return /^(?:texthash|regexp):([^{].*)$/s.exec(specification)?.[1];
}

function fileOfPattern(pattern: string): string | undefined {
  return pattern.startsWith('/') || isObjectUrl(pattern) ? pattern : fileOfMap(pattern);
}
