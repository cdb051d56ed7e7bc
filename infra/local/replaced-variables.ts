/**
 * The variables of a template that a local run replaces: destinations and time-outs. Each replaced variable is printed. A template
 * for this machine has none.
 */
import { environmentNames } from '../../functions/parameters/environment.ts';
import { isParameterName, variableName } from '../../functions/parameters/parameters.ts';

/** Parameters that do not apply to the local mail store, which has neither TLS nor AUTH. */
const withoutPartner = /^LMTP_(?:TLS|SASL|USE_TLS|ENFORCE_TLS)/;

/** A variable with another value than in the template. */
export interface ReplacedVariable {
  readonly name: string;
  /** Value in the template. */
  readonly theirs: string | undefined;
  /** Local value; undefined if it is left out. */
  readonly here: string | undefined;
}

/** Returns the loopback port to which a transport map sends all mail; undefined if it does not. */
export function localPortOf(transportMap: string | undefined): number | undefined {
  const [, port] = /^\s*\*\s+lmtp:inet:\[?127\.0\.0\.1\]?:(\d+)\s*$/.exec(transportMap ?? '') ?? [];
  return port === undefined ? undefined : Number(port);
}

/**
 * Returns the variables to replace so that all mail goes to a destination.
 *
 * @param variables the functions' variables in the template
 * @param destination the destination, in Postfix's next-hop syntax
 * @param isPlain whether it is the local mail store, without TLS and AUTH
 * @param parameters the parameters of the run, by Postfix's names
 */
export function replacedVariables(
  variables: Readonly<Record<string, string>>,
  { destination, isPlain }: { readonly destination: string; readonly isPlain: boolean },
  parameters: Readonly<Record<string, string>>,
): readonly ReplacedVariable[] {
  const unusable = Object.keys(variables).filter((name) => isPlain && withoutPartner.test(name));
  const wanted: Record<string, string | undefined> = {
    ...Object.fromEntries(unusable.map((name) => [name, undefined])),
    [environmentNames.transportMap]: `* lmtp:${destination}`,
    // It would be searched before the map.
    [environmentNames.transportMapSource]: undefined,
  };
  for (const [name, value] of Object.entries({ allow_local_destinations: 'yes', ...parameters })) {
    wanted[isParameterName(name) ? variableName(name) : name.toUpperCase()] = value;
  }
  return Object.entries(wanted)
    .filter(([name, here]) => variables[name] !== here)
    .map(([name, here]) => ({ name, theirs: variables[name], here }));
}

/** Returns the variables with the replaced values. */
export function replace(
  variables: Readonly<Record<string, string>>,
  replaced: readonly ReplacedVariable[],
): Readonly<Record<string, string>> {
  const result = { ...variables };
  for (const { name, here } of replaced) {
    if (here === undefined) delete result[name];
    else result[name] = here;
  }
  return result;
}

/** Returns a replaced variable in words. */
export function describeReplaced({ name, theirs, here }: ReplacedVariable): string {
  const shown = (value: string | undefined) => (value === undefined ? 'not set' : JSON.stringify(value));
  return `${name} is ${shown(here)} here, and ${shown(theirs)} in the template`;
}
