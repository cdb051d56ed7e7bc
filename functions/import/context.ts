/**
 * An import as context values of the app in a clone (cdk.json).
 */

import { isLarge, mapText } from './compose.ts';
import type { Imported, ImportedTransport } from './import.ts';

/** Context values by name. */
export type ContextValues = Readonly<Record<string, unknown>>;

/** The context values that an import sets. */
export const importedContext = ['destination', 'transportMap', 'parameters', 'transports'] as const;

/** Returns the context values. */
export function contextOf({ transports, parameters }: Imported): ContextValues {
  const [first, ...others] = transports;
  if (others.length === 0) {
    const all = { ...parameters, ...first?.parameters };
    return { ...(first === undefined ? {} : routesOf(first)), ...withParameters(all) };
  }
  const each = transports.map((plan) => [plan.name, { ...routesOf(plan), ...withParameters(plan.parameters) }]);
  return { ...withParameters(parameters), transports: Object.fromEntries(each) };
}

function routesOf(plan: ImportedTransport): ContextValues {
  return {
    ...(plan.destination === undefined ? {} : { destination: plan.destination }),
    ...(plan.map.length === 0 || isLarge(plan) ? {} : { transportMap: mapText(plan) }),
  };
}

function withParameters(parameters: Readonly<Record<string, string>>): ContextValues {
  return Object.keys(parameters).length === 0 ? {} : { parameters };
}
