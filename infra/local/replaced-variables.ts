/**
 * Where a local run of a template differs from it: where mail goes, and how long it waits. Each variable that is replaced is
 * said; a template that was made for this machine has none.
 */
import { environmentNames } from '../../functions/parameters/environment.ts';
import { isParameterName, variableName } from '../../functions/parameters/parameters.ts';

/** What the local mail store has no part in: it has neither TLS nor AUTH. */
const withoutPartner = /^LMTP_(?:TLS|SASL|USE_TLS|ENFORCE_TLS)/;

/** A variable that has another value here than in the template. */
export interface ReplacedVariable {
  readonly name: string;
  /** In the template. */
  readonly theirs: string | undefined;
  /** Here; undefined where it is left out. */
  readonly here: string | undefined;
}

/** The loopback port that a transport map sends all mail to; undefined where it sends it elsewhere. */
export function localPortOf(transportMap: string | undefined): number | undefined {
  const [, port] = /^\s*\*\s+lmtp:inet:\[?127\.0\.0\.1\]?:(\d+)\s*$/.exec(transportMap ?? '') ?? [];
  return port === undefined ? undefined : Number(port);
}

/**
 * What has to be replaced in a template's variables so that mail goes to a destination of one's own.
 *
 * @param variables of the functions, as the template has them
 * @param destination in Postfix's next-hop syntax
 * @param isPlain whether it is the local mail store, without TLS and AUTH
 * @param parameters by Postfix's names, that the run needs
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
    // It would be asked before the map.
    [environmentNames.transportMapSource]: undefined,
  };
  for (const [name, value] of Object.entries({ allow_local_destinations: 'yes', ...parameters })) {
    wanted[isParameterName(name) ? variableName(name) : name.toUpperCase()] = value;
  }
  return Object.entries(wanted)
    .filter(([name, here]) => variables[name] !== here)
    .map(([name, here]) => ({ name, theirs: variables[name], here }));
}

/** The variables with the replaced ones in place. */
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

/** In words, for people. */
export function describeReplaced({ name, theirs, here }: ReplacedVariable): string {
  const say = (value: string | undefined) => (value === undefined ? 'not set' : JSON.stringify(value));
  return `${name} is ${say(here)} here, and ${say(theirs)} in the template`;
}
