/**
 * The parts of the documents that come from tables in the code: PARAMETERS.md, METRICS.md, the context values in README.md,
 * the states in ARCHITECTURE.md, and the figures of COST.md.
 *
 * `npm run documents` writes them; a test fails when they are out of step.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { type Transition, transitions } from '../../functions/queue/states.ts';
import { figuresText, monthlyText, pricesText } from '../cost/document.ts';
import { fixedCosts } from '../cost/fixed.ts';
import { recordedMeasurement } from '../cost/measurement.ts';
import { LmtpDelivery } from '../lmtp-delivery.ts';
import { contextDocument } from './context-document.ts';
import { metricsDocument } from './metrics-document.ts';
import { parametersDocument } from './parameters-document.ts';

const root = new URL('../../', import.meta.url);
const begin = '<!-- written from functions/queue/states.ts: begin -->';
const end = '<!-- end -->';

/** The files, by name, as they should be. */
export function documents(): ReadonlyMap<string, string> {
  const read = (name: string) => readFileSync(new URL(name, root), 'utf8');
  return new Map([
    ['PARAMETERS.md', parametersDocument()],
    ['METRICS.md', metricsDocument()],
    [
      'README.md',
      withPart(read('README.md'), '<!-- written from infra/context/context.ts: begin -->', contextDocument()),
    ],
    ['ARCHITECTURE.md', withStates(read('ARCHITECTURE.md'))],
    ['COST.md', withCosts(read('COST.md'))],
  ]);
}

const withStates = (architecture: string) => withPart(architecture, begin, statesTable());

function withCosts(text: string): string {
  const measurement = recordedMeasurement();
  const parts = {
    figures: figuresText(measurement),
    month: monthlyText(measurement, fixedCosts(costedTemplate(), 1)),
    prices: pricesText(),
  };
  return Object.entries(parts).reduce(
    (document, [name, part]) => withPart(document, `<!-- written by npm run documents, ${name}: begin -->`, part),
    text,
  );
}

/** A document with a part put between a mark and the next end. */
function withPart(document: string, mark: string, part: string): string {
  const [before, rest] = document.split(mark);
  const after = rest?.slice(rest.indexOf(end) + end.length);
  if (before === undefined || after === undefined) throw new Error(`a document has lost its mark "${mark}"`);
  return `${before}${mark}\n\n${part}\n\n${end}${after}`;
}

/** The stack that everybody has who sets nothing but a destination. */
function costedTemplate(): unknown {
  const stack = new Stack(new App(), 'Cost');
  const code = () => Code.fromInline('exports.handler = async () => {}');
  new LmtpDelivery(stack, 'Delivery', { destination: 'inet:lmtp.example.com:24', code });
  return Template.fromStack(stack).toJSON();
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
