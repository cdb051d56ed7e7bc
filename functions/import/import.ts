/**
 * Postfix's configuration as settings of a stack: what becomes of each setting, the routes, the parameters, and the secrets to create.
 *
 * Nothing here reads a file or asks a program: both are ports. Nothing fails: what cannot be taken is a row, with what to do.
 */

import { ParameterError, parseParameters } from '../parameters/parameters.ts';
import { type Composed, composeMaps, isLarge, type TransportPlan } from './compose.ts';
import { type ConvertOptions, reasonOf } from './convert-parameter.ts';
import { ExpansionError } from './expand.ts';
import { type MainCf, parseMainCf, type Setting } from './main-cf.ts';
import { type MasterCf, parseMasterCf, type Service } from './master-cf.ts';
import { type Given, type ParameterRow, parameterRow, splitTransportParameter } from './parameter-rows.ts';
import { type Origin, type PostfixValues, postfixValues } from './postfix-values.ts';
import type { Row, SecretPlan } from './report.ts';
import { routeRow, unusableEntries } from './route-rows.ts';
import { type Ask, type Routing, readRouting } from './routing.ts';
import type { ReadText } from './tables.ts';
import { unfoundPasswords, unfoundPolicies } from './unfound-keys.ts';

/** A configuration as text. */
export interface Configuration {
  readonly main: string;
  readonly master: string;
}

/** How it is imported. */
export interface ImportOptions {
  readonly origin: Origin;
  readonly read: ReadText;
  readonly ask?: Ask;
  readonly replace: ReadonlyMap<string, string>;
  readonly secretPrefix: string;
}

/** A transport with its own parameters. */
export type ImportedTransport = TransportPlan & { readonly parameters: Readonly<Record<string, string>> };

/** What an import results in. */
export interface Imported {
  readonly rows: readonly Row[];
  readonly routing: Routing;
  readonly composed: Composed;
  /** Parameters of all transports. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly transports: readonly ImportedTransport[];
  readonly secrets: readonly SecretPlan[];
  readonly values: PostfixValues;
  readonly main: MainCf;
}

/** Imports a configuration. */
export function importConfiguration({ main, master }: Configuration, options: ImportOptions): Imported {
  const mainCf = parseMainCf(main);
  const masterCf = parseMasterCf(master);
  const values = postfixValues(mainCf, options.origin);
  const routing = readRouting(values.of, options.read, masterCf.transports, options.ask);
  const port = Number(values.of('lmtp_tcp_port'));
  const composed = composeMaps(routing, {
    replace: options.replace,
    defaultPort: port > 0 ? port : 24,
    judged: new Map(),
  });
  const convert: ConvertOptions = {
    ...options,
    delimiter: values.of('lmtp_sasl_password_result_delimiter') || ':',
  };
  const state: State = { mainCf, masterCf, values, routing, composed, convert };
  const common = [...hostRows(state, options.origin), ...mainRows(state)];
  const byTransport = composed.transports.map((plan) => ({ plan, rows: transportRows(plan, state) }));
  const checked = checkTogether(common, byTransport);
  const all = [...checked.common, ...checked.transports.flatMap(({ rows }) => rows)];
  const secrets = new Map(all.flatMap((one) => one.secrets).map((secret) => [secret.name, secret] as const));
  return {
    rows: [
      ...faultRows(state),
      ...all.map(({ row }) => row),
      ...unusableEntries(composed, 'main.cf'),
      ...largeMaps(composed),
      ...unfoundPasswords(composed, settingsOf(checked.common), [...secrets.values()], convert),
      ...unfoundPolicies(composed, values.of('lmtp_tls_policy_maps'), options.read),
      ...otherServices(state),
    ],
    ...{ routing, composed, values, main: mainCf },
    parameters: settingsOf(checked.common),
    transports: checked.transports.map(({ plan, rows }) => ({ ...plan, parameters: settingsOf(rows) })),
    secrets: [...secrets.values()],
  };
}

interface State {
  readonly mainCf: MainCf;
  readonly masterCf: MasterCf;
  readonly values: PostfixValues;
  readonly routing: Routing;
  readonly composed: Composed;
  readonly convert: ConvertOptions;
}

function faultRows({ mainCf, masterCf }: State): readonly Row[] {
  const row = (file: string, { line, text }: { readonly line: number; readonly text: string }): Row => ({
    class: /replaces the value/.test(text) ? 'none' : 'refused',
    name: `line ${line}`,
    where: file,
    why: `${text}.`,
    ...(/replaces the value/.test(text) ? {} : { todo: 'Correct the line.' }),
  });
  return [
    ...mainCf.faults.map((fault) => row('main.cf', fault)),
    ...masterCf.faults.map((fault) => row('master.cf', fault)),
  ];
}

/** Without myhostname, Postfix calls itself as its machine is called. A function has no such name. */
function hostRows({ mainCf }: State, { hostname = '' }: Origin): readonly ParameterRow[] {
  if (mainCf.settings.has('myhostname') || !hostname.includes('.')) return [];
  const why = 'It is not in main.cf, and is then the name of the machine. A function has none.';
  const row: Row = { class: 'renamed', name: 'myhostname', where: 'host name', here: `myhostname = ${hostname}`, why };
  return [{ row, sets: { name: 'myhostname', value: hostname }, secrets: [] }];
}

/** The rows of main.cf, in the order of the file. */
function mainRows(state: State): readonly ParameterRow[] {
  const references = referencedNames(state);
  return [...state.mainCf.settings.values()].flatMap((setting): readonly ParameterRow[] => {
    const where = `main.cf:${setting.line}`;
    const fault = state.values.faultOf(setting.name);
    if (fault !== undefined)
      return [plain({ name: setting.name, where, class: 'refused', why: `${fault}.`, todo: 'Correct the value.' })];
    const route = routeRow(setting, where, state);
    if (route !== undefined && setting.name !== 'relay_domains') return [plain(route)];
    return rowOfSetting(setting, where, route, state, references);
  });
}

function rowOfSetting(
  setting: Setting,
  where: string,
  route: Row | undefined,
  state: State,
  references: ReadonlySet<string>,
): readonly ParameterRow[] {
  const { name } = setting;
  const { services, transports } = servicesOf(state);
  const given: Given = { name, written: setting.value, value: state.values.of(name), where };
  const owner = splitTransportParameter(name, transports);
  if (owner !== undefined) {
    // Parameters of the transports that are imported follow with those.
    if (services.has(owner.service)) return [];
    const why = `It is for the transport ${owner.service}, which delivers no mail by LMTP here.`;
    return [plain({ name, where, class: 'none', why })];
  }
  const result = parameterRow(given, name, state.convert);
  if (oldTlsSwitches.has(name) && state.mainCf.settings.has('lmtp_tls_security_level')) {
    const { todo: _, ...row } = result.row;
    return [plain({ ...row, class: 'none' })];
  }
  if (route !== undefined && state.composed.forAll === name) return [plain(route)];
  // relay_domains is a list of domains in Postfix, and also a parameter here. What it says about routes comes first.
  if (route !== undefined && result.row.class !== 'refused') {
    return [{ ...result, row: route.class === 'none' ? { ...result.row, here: name } : route }];
  }
  const isOwnName = result.row.why?.includes('check its spelling') === true && references.has(name);
  const own = 'It is a name of your own, and its value is written where it is used.';
  return isOwnName ? [plain({ name, where, class: 'none', why: own })] : [result];
}

/** Switches that Postfix ignores beside lmtp_tls_security_level. */
const oldTlsSwitches: ReadonlySet<string> = new Set(['lmtp_use_tls', 'lmtp_enforce_tls', 'lmtp_tls_enforce_peername']);

function plain(row: Row): ParameterRow {
  return { row, secrets: [] };
}

function servicesOf({ composed, masterCf: { transports } }: State) {
  return { services: new Set(composed.transports.map(({ service }) => service)), transports };
}

/** Names that a value or an option refers to, and those that smtpd uses as restriction classes. */
function referencedNames({ mainCf, masterCf }: State): ReadonlySet<string> {
  const options = masterCf.services.flatMap((service) => [
    ...service.options.map(({ value }) => value),
    ...service.words,
  ]);
  const texts = [...[...mainCf.settings.values()].map(({ value }) => value), ...options];
  const names = texts.flatMap((text) => [...text.matchAll(/\$[{(]?\s*(\w+)/g)].map(([, name = '']) => name));
  const classes = mainCf.settings.get('smtpd_restriction_classes')?.value.split(/[\s,]+/) ?? [];
  return new Set([...names, ...classes]);
}

/** The rows of one transport: its parameters in main.cf, and its line of master.cf. */
function transportRows({ service, nextHops }: TransportPlan, state: State): readonly ParameterRow[] {
  const { mainCf, masterCf, values, convert } = state;
  const own = [...mainCf.settings.values()].flatMap(({ name, value: written, line }) => {
    const owner = splitTransportParameter(name, masterCf.transports);
    if (owner?.service !== service) return [];
    const given = { name, written, value: values.of(name), where: `main.cf:${line}` };
    return [parameterRow(given, `lmtp_${owner.rest}`, convert)];
  });
  const line = masterCf.transports.get(service);
  return line === undefined ? own : [...own, ...serviceRows(line, nextHops, own, state)];
}

function serviceRows(
  line: Service,
  nextHops: readonly string[],
  own: readonly ParameterRow[],
  state: State,
): readonly ParameterRow[] {
  const where = `master.cf:${line.line}`;
  const values = new Map(line.options.map(({ name, value }) => [name, value] as const));
  const options = line.options.map(({ name, value: written }) => {
    const value = expanded(written, values, state);
    if (value === undefined) {
      const why = 'The value cannot be expanded.';
      return plain({ name: `${line.name} -o ${name}`, where, class: 'refused', why, todo: 'Correct the value.' });
    }
    const given = { name, written, value, where };
    if (splitTransportParameter(name, state.masterCf.transports) !== undefined) {
      const why = 'In master.cf it has no effect in Postfix either: the queue manager reads main.cf.';
      return plain({ name: `${line.name} -o ${name}`, where, class: 'none', why });
    }
    const result = parameterRow(given, name, state.convert);
    return { ...result, row: { ...result.row, name: `${line.name} -o ${name}` } };
  });
  const flags = line.words.flatMap((word) => {
    const [, letters] = /^flags=(\w*)$/.exec(word) ?? [];
    if (letters === undefined) return [];
    return [
      parameterRow(
        { name: `${line.name} flags=`, written: letters, value: letters, where },
        'lmtp_flags',
        state.convert,
      ),
    ];
  });
  return [...options, ...flags, ...processRows(line, nextHops, own, state)];
}

function expanded(written: string, own: ReadonlyMap<string, string>, { values }: State): string | undefined {
  try {
    return values.expand(written, own).trim();
  } catch (error) {
    if (error instanceof ExpansionError) return undefined;
    throw error;
  }
}

/** The column maxproc bounds the sessions of a transport; here the concurrency of a destination does. */
function processRows(
  { name, processes, line }: Service,
  nextHops: readonly string[],
  own: readonly ParameterRow[],
  { values }: State,
): readonly ParameterRow[] {
  const most = /^[1-9]\d{0,4}$/.test(processes) ? Number(processes) : undefined;
  if (most === undefined) return [];
  const limit = own.find(({ sets }) => sets?.name === 'lmtp_destination_concurrency_limit')?.sets?.value;
  const lowest = Math.min(most, Number(limit ?? values.of('default_destination_concurrency_limit')) || 20);
  const sets = { name: 'lmtp_destination_concurrency_limit', value: String(lowest) } as const;
  const each =
    nextHops.length > 1
      ? 'Each of its next-hops has this limit; maximumConcurrency bounds all of them.'
      : 'It bounds the sessions with the server.';
  const row: Row = {
    class: 'renamed',
    name: `${name} maxproc`,
    value: processes,
    where: `master.cf:${line}`,
    here: `${sets.name} = ${sets.value}`,
    why: each,
  };
  return [{ row, sets, secrets: [] }];
}

/** One row for all services that are not imported. */
function otherServices(state: State): readonly Row[] {
  const { services } = servicesOf(state);
  const others = state.masterCf.services.filter(({ name, type }) => !(type === 'unix' && services.has(name)));
  if (others.length === 0) return [];
  const unused = others.filter(({ program }) => program === 'lmtp').map(({ name }) => name);
  const note = unused.length === 0 ? '' : ` No mail is sent to ${unused.join(', ')}.`;
  const why = `Lambda starts what delivers mail, and the other programs of Postfix are not needed.${note}`;
  return [{ class: 'none', name: `${others.length} other services`, where: 'master.cf', why }];
}

/** Maps that do not fit into the environment of a function. */
function largeMaps({ transports }: Composed): readonly Row[] {
  return transports.filter(isLarge).map(({ name, map }) => ({
    class: 'refused',
    name: `map of ${name}`,
    where: 'transport_maps',
    why: `Its ${map.length} lines are more than the environment of a function has room for.`,
    todo: 'Write them to a file with --transport-map FILE, upload it to S3, and set transportMapObject to s3://BUCKET/KEY.',
  }));
}

interface Rows {
  readonly common: readonly ParameterRow[];
  readonly transports: readonly { readonly plan: TransportPlan; readonly rows: readonly ParameterRow[] }[];
}

function settingsOf(rows: readonly ParameterRow[]): Readonly<Record<string, string>> {
  return Object.fromEntries(rows.flatMap(({ sets }) => (sets === undefined ? [] : [[sets.name, sets.value] as const])));
}

/** Refuses what contradicts other values, until the rest is usable: an import never results in parameters that stop synth. */
function checkTogether(common: readonly ParameterRow[], transports: Rows['transports']): Rows {
  const faults = [{ rows: [] }, ...transports].map(({ rows }) =>
    faultOf({ ...settingsOf(common), ...settingsOf(rows) }),
  );
  const fault = faults.find((one) => one !== undefined);
  if (fault === undefined) return { common, transports };
  let isFound = false;
  const names: ReadonlySet<string> = new Set(
    [...common, ...transports.flatMap(({ rows }) => rows)].map(({ sets }) => sets?.name ?? ''),
  );
  // Where the default of one contradicts the value of the other, the other one is at fault.
  const blamed = names.has(fault.parameter) ? fault.parameter : fault.message;
  const refuse = (one: ParameterRow): ParameterRow => {
    if (one.sets === undefined || !blamed.split(/\W+/).includes(one.sets.name)) return one;
    isFound = true;
    const todo =
      fault.parameter === 'lmtp_sasl_auth_enable'
        ? 'Create the secret, and set both lmtp_sasl_auth_enable and lmtp_sasl_password_maps = secretsmanager:NAME.'
        : 'Set both values so that they fit.';
    const { here: _, ...row } = one.row;
    return { row: { ...row, class: 'refused', why: `${reasonOf(fault)}.`, todo }, secrets: [] };
  };
  const next = {
    common: common.map(refuse),
    transports: transports.map(({ plan, rows }) => ({ plan, rows: rows.map(refuse) })),
  };
  return isFound ? checkTogether(next.common, next.transports) : next;
}

function faultOf(values: Readonly<Record<string, string>>): ParameterError | undefined {
  try {
    parseParameters(values, { readFile: () => undefined });
    return undefined;
  } catch (error) {
    if (error instanceof ParameterError) return error;
    throw error;
  }
}
