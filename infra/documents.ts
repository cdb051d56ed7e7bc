/**
 * The parts of the documents that come from tables in the code: PARAMETERS.md, METRICS.md, and the states in ARCHITECTURE.md.
 *
 * `npm run documents` writes them; a test fails when they are out of step.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Transition, transitions } from '../functions/queue/states.ts';
import { metricsDocument } from './metrics-document.ts';
import { parametersDocument } from './parameters-document.ts';

const root = new URL('../', import.meta.url);
const begin = '<!-- written from functions/queue/states.ts: begin -->';
const end = '<!-- end -->';

/** The files, by name, as they should be. */
export function documents(): ReadonlyMap<string, string> {
  const architecture = readFileSync(new URL('ARCHITECTURE.md', root), 'utf8');
  return new Map([
    ['PARAMETERS.md', parametersDocument()],
    ['METRICS.md', metricsDocument()],
    ['ARCHITECTURE.md', withStates(architecture)],
  ]);
}

function withStates(architecture: string): string {
  const [before, rest] = architecture.split(begin);
  const after = rest?.slice(rest.indexOf(end) + end.length);
  if (before === undefined || after === undefined) throw new Error(`ARCHITECTURE.md has lost its mark "${begin}"`);
  return `${before}${begin}\n\n${statesTable()}\n\n${end}${after}`;
}

function statesTable(): string {
  const rows = Object.entries<Transition>(transitions).map(
    ([name, { from, to, fence, raises, by, when }]) =>
      `| ${name} | ${from.join(', ') || '(new)'} | ${to} | ${fence}${raises ? ', raises the generation' : ''} | ${by.join(', ')} | ${when} |`,
  );
  return ['| transition | from | to | fence | by | when |', '| --- | --- | --- | --- | --- | --- |', ...rows].join(
    '\n',
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, text] of documents()) writeFileSync(new URL(name, root), text);
}
