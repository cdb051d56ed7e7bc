/**
 * Several transports in one stack, like lines of master.cf: the context value `transports`, by name, each with the context values
 * that differ from those at top level.
 *
 *     "transports": {
 *       "lmtp": { "destination": "inet:dovecot.internal:24", "transportMap": "lists.example.com mailman:" },
 *       "mailman": { "destination": "inet:mailman.internal:8024", "parameters": { "lmtp_destination_concurrency_limit": 2 } }
 *     }
 */

import { outputPrefix } from '../construct/outputs.ts';
import { transportName } from '../properties/transport-name.ts';
import { type ContextSettings, contextTable, notKnown, present, readContext } from './context.ts';
import { type Context, object, wrong } from './context-readers.ts';

/** Values that, at top level, apply only to the first transport. */
const namesOfFirst: readonly string[] = Object.entries(contextTable).flatMap(([name, row]) =>
  'isOfFirst' in row ? [name] : [],
);

/** Values that cannot be set for one transport. */
const namesOfAll: readonly string[] = ['transport', 'transports'];

/** The transports of a stack; the first is `lmtp`, or else the first in the context. */
export type Transports = readonly [ContextSettings, ...ContextSettings[]];

/**
 * Returns the settings of every transport.
 *
 * @throws PropsError with the wrong or unknown context value and what is allowed
 */
export function readTransports(context: Context): Transports {
  const common = readContext(context);
  if (common.transports === undefined) return [common];
  if (common.transport !== undefined) {
    throw wrong('transport', common.transport, 'no transport beside transports, which names each');
  }
  const [first, ...others] = namesInOrder(common.transports);
  refuseAlike(others);
  if (first === undefined) throw wrong('transports', common.transports, 'at least one transport');
  const read = (name: string, isFirst: boolean) => readTransport(name, isFirst, common, context);
  return [read(first, true), ...others.map((name) => read(name, false))];
}

/** Refuses names whose outputs would have the same names. */
function refuseAlike(names: readonly string[]): void {
  const alike = names.find((name, index) =>
    names.slice(0, index).some((one) => outputPrefix(one) === outputPrefix(name)),
  );
  if (alike === undefined) return;
  throw wrong(
    'transports',
    alike,
    `a name that differs from the others in its letters and digits (${outputPrefix(alike)})`,
  );
}

function namesInOrder(transports: Context): readonly string[] {
  const names = Object.keys(transports);
  return [...names.filter((name) => name === 'lmtp'), ...names.filter((name) => name !== 'lmtp')];
}

function readTransport(name: string, isFirst: boolean, common: ContextSettings, context: Context): ContextSettings {
  const path = `transports.${name}`;
  transportName(`context ${path}`, name);
  const own = object(path, common.transports?.[name], 'an object of context values');
  const allowed = Object.keys(contextTable).filter((one) => !namesOfAll.includes(one));
  const unknown = Object.keys(own).find((one) => !allowed.includes(one));
  if (unknown !== undefined) throw notKnown(`${path}.${unknown}`, allowed);
  const inherited = Object.entries(context).filter(
    ([one]) => one !== 'transports' && (isFirst || !namesOfFirst.includes(one)),
  );
  const settings = readContext({ ...Object.fromEntries(inherited), ...own, transport: name }, (one) =>
    Object.hasOwn(own, one) ? `${path}.${one}` : one,
  );
  const { transports } = common;
  const isMerged = present(own, 'parameters') !== undefined;
  const parameters = isMerged ? { ...common.parameters, ...settings.parameters } : settings.parameters;
  return { ...settings, transports, parameters };
}
