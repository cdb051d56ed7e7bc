/**
 * The parts of the documents that come from tables in the code: PARAMETERS.md, and the states in ARCHITECTURE.md.
 *
 * `npm run documents` writes them; a test fails when they are out of step.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parameterNames, parameterTable, variableName } from '../functions/parameters.ts';
import { type Transition, transitions } from '../functions/queue/states.ts';

const root = new URL('../', import.meta.url);
const begin = '<!-- written from functions/queue/states.ts: begin -->';
const end = '<!-- end -->';

/** The files, by name, as they should be. */
export function documents(): ReadonlyMap<string, string> {
  const architecture = readFileSync(new URL('ARCHITECTURE.md', root), 'utf8');
  return new Map([
    ['PARAMETERS.md', parametersDocument()],
    ['ARCHITECTURE.md', withStates(architecture)],
  ]);
}

function parametersDocument(): string {
  const rows = parameterNames.map((name) => {
    const row: { kind: string; default: string; meaning: string; differs?: string } = parameterTable[name];
    const differs = row.differs === undefined ? '' : ` *${row.differs}*`;
    return `| \`${name}\` | ${row.kind} | ${row.default === '' ? '(empty)' : `\`${row.default}\``} | ${row.meaning}${differs} |`;
  });
  return [
    '# Parameters',
    '',
    'Every parameter under its Postfix name. Set one in the construct (`parameters: { lmtp_mail_timeout: "60s" }`), on the',
    'command line (`--parameter lmtp_mail_timeout=60s`), or in the environment of a function under its name in capitals',
    `(\`${variableName('lmtp_mail_timeout')}=60s\`). Times take s, m, h, d or w; a plain number is seconds. A value may refer to`,
    'another parameter as `$name`. A wrong name or value stops synth and start-up with the name, the value and what is allowed.',
    '',
    "A note in italics says why a default is not Postfix's own, or that Postfix has no such parameter.",
    '',
    'Written from `functions/parameters.ts` by `npm run documents`.',
    '',
    '| parameter | kind | default | meaning |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
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
      `| ${name} | ${from.join(', ') || '(new)'} | ${to} | ${fence}${raises ? ', raises the generation' : ''} | ${by} | ${when} |`,
  );
  return ['| transition | from | to | fence | by | when |', '| --- | --- | --- | --- | --- | --- |', ...rows].join(
    '\n',
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, text] of documents()) writeFileSync(new URL(name, root), text);
}
