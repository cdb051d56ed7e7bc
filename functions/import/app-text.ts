/**
 * An import as a CDK app: the text of its app.ts.
 */

import { isLarge, mapText } from './compose.ts';
import type { Imported, ImportedTransport } from './import.ts';

/**
 * Returns the app.
 *
 * @param stack the name of its stack
 */
export function appText({ transports, parameters }: Imported, stack: string): string {
  const names = transports.map(({ name }) => variable(name));
  const blocks = transports.map((plan, index) => constructText(plan, index === 0, { parameters, all: transports }));
  const outputs = transports.map(({ name }, index) =>
    index === 0 ? `writeOutputs(stack, ${names[0]});` : `writeOutputs(stack, ${variable(name)}, ${quoted(name)});`,
  );
  return [
    '/** Mail that a Postfix delivered by LMTP. Written by `lambda-lmtp import`; it is yours to change. */',
    "import { App, Stack } from 'aws-cdk-lib';",
    "import { LmtpDelivery, writeOutputs } from 'lambda-lmtp';",
    '',
    `export const stack = new Stack(new App(), ${quoted(stack)});`,
    '',
    ...blocks,
    '// Producers need the method grantSubmit. For a mail store in a VPC, set the property vpc.',
    ...outputs,
    '',
  ].join('\n');
}

interface Whole {
  readonly parameters: Readonly<Record<string, string>>;
  readonly all: readonly ImportedTransport[];
}

function constructText(plan: ImportedTransport, isFirst: boolean, { parameters, all }: Whole): string {
  const first = all[0] === undefined ? '' : variable(all[0].name);
  const others = all.slice(1).map(({ name }) => `    ${quoted(name)}: () => ${variable(name)}.queues.incoming,`);
  const values = Object.entries({ ...parameters, ...plan.parameters });
  const id = isFirst ? 'Delivery' : `Delivery-${plan.name}`;
  const lines = [
    ...(plan.name === 'lmtp' ? [] : [`  transport: ${quoted(plan.name)},`]),
    ...(plan.destination === undefined ? [] : [`  destination: ${quoted(plan.destination)},`]),
    ...(plan.map.length === 0 ? [] : mapLines(plan)),
    ...(isFirst && others.length > 0 ? ['  otherTransports: {', ...others, '  },'] : []),
    ...(isFirst ? [] : [`  messageBucket: ${first}.stores.messageBucket,`, `  alarmTopic: ${first}.topics.alarm,`]),
    ...(values.length === 0
      ? []
      : ['  parameters: {', ...values.map(([name, value]) => `    ${property(name)}: ${quoted(value)},`), '  },']),
  ];
  return `const ${variable(plan.name)}: LmtpDelivery = new LmtpDelivery(stack, ${quoted(id)}, {\n${lines.join('\n')}\n});\n`;
}

function mapLines(plan: ImportedTransport): readonly string[] {
  if (isLarge(plan)) return ['  // The map is too large for a property: see transportMapObject.'];
  const lines = mapText(plan).split('\n');
  return ['  transportMap: [', ...lines.map((line) => `    ${quoted(line)},`), "  ].join('\\n'),"];
}

/** Returns a string literal of TypeScript in single quotes. */
function quoted(text: string): string {
  const inner = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'");
  return `'${inner}'`;
}

function property(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : quoted(name);
}

/** Returns the name of a variable for a transport: it cannot be a word of the language. */
function variable(name: string): string {
  const camel = name.replaceAll(/-+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()).replaceAll('-', '');
  return `${camel}Delivery`;
}
