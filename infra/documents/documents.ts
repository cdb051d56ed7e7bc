/**
 * The documents, and the parts of documents, that are written from tables in the code: parameters, metrics, properties, context
 * values, states, errors of AWS, and the figures of the cost.
 *
 * `npm run documents` writes them; a test fails when they differ from the code.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { type Transition, transitions } from '../../functions/queue/items/states.ts';
import { LmtpDelivery } from '../construct/lmtp-delivery.ts';
import { figuresText, monthlyText, pricesText } from '../cost/document.ts';
import { fixedCosts } from '../cost/fixed.ts';
import { recordedMeasurement } from '../cost/measurement.ts';
import { awsErrorsTable } from './aws-errors-document.ts';
import { contextDocument } from './context-document.ts';
import { metricsDocument } from './metrics-document.ts';
import { parametersDocument } from './parameters-document.ts';
import { propsDocument } from './props-document.ts';
import { functionRoomsTable, infraRoomsTable } from './rooms-document.ts';

const root = new URL('../../', import.meta.url);
const begin = '<!-- written from functions/queue/items/states.ts: begin -->';
const end = '<!-- end -->';

/** The files, by name, as they should be. */
export function documents(): ReadonlyMap<string, string> {
  const read = (name: string) => readFileSync(new URL(name, root), 'utf8');
  return new Map([
    ['docs/parameters.md', parametersDocument()],
    ['docs/metrics.md', metricsDocument()],
    ['docs/props.md', propsDocument()],
    ['docs/configuration.md', withContext(read('docs/configuration.md'))],
    ['docs/architecture.md', withRooms(read('docs/architecture.md'))],
    ['docs/queue.md', withStates(read('docs/queue.md'))],
    ['docs/cost.md', withCosts(read('docs/cost.md'))],
    ['docs/troubleshooting.md', withAwsErrors(read('docs/troubleshooting.md'))],
  ]);
}

const withStates = (queue: string) => withPart(queue, begin, statesTable());

function withRooms(architecture: string): string {
  const functions = '<!-- written from the imports of functions/: begin -->';
  const infra = '<!-- written from the imports of infra/: begin -->';
  return withPart(withPart(architecture, functions, functionRoomsTable()), infra, infraRoomsTable());
}

const withAwsErrors = (troubleshooting: string) =>
  withPart(troubleshooting, '<!-- written from functions/aws/error-table.ts: begin -->', awsErrorsTable());

const withContext = (configuration: string) =>
  withPart(configuration, '<!-- written from infra/context/context.ts: begin -->', contextDocument());

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

/** The stack with a destination and all defaults. */
function costedTemplate(): unknown {
  const stack = new Stack(new App({ builtinCloudFormationValidation: false }), 'Cost');
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
