/** Keeps what the system under test has written, so that all of it can be searched after all tests. */
import { appendFileSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Names the folder of testimonies; without it nothing is kept. */
export const witnessVariable = 'TEST_WITNESS';

/** Keeps a text: a log line, a transcript, the output of a command, an event. */
export function testify(text: string): void {
  const folder = process.env[witnessVariable];
  if (folder !== undefined && text !== '') appendFileSync(join(folder, `${process.pid}.txt`), `${text}\n`);
}

/** Returns all kept texts. */
export function* testimonies(folder: string): Iterable<string> {
  for (const file of globSync(join(folder, '*.txt')).sort()) yield readFileSync(file, 'utf8');
}
