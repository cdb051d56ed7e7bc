/**
 * Keeps what the system under test has written, so that the whole of it can be searched when all tests are done.
 */
import { appendFileSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Names the folder that testimonies go to; without it nothing is kept. */
export const witnessVariable = 'TEST_WITNESS';

/** Keeps a text: a log line, a transcript, the output of a command, an event. */
export function testify(text: string): void {
  const folder = process.env[witnessVariable];
  if (folder !== undefined && text !== '') appendFileSync(join(folder, `${process.pid}.txt`), `${text}\n`);
}

/** All that was kept. */
export function* testimonies(folder: string): Iterable<string> {
  for (const file of globSync(join(folder, '*.txt')).sort()) yield readFileSync(file, 'utf8');
}
