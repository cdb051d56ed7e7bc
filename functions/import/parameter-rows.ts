/**
 * The rows of the parameters of main.cf and of the options in master.cf, and the parameters here that they become.
 */

import { splitOutsideBraces } from '../maps/braces.ts';
import { isParameterName, type ParameterName, shownValue } from '../parameters/parameters.ts';
import { whyNot } from '../parameters/why-not.ts';
import { type ConvertOptions, convertParameter } from './convert-parameter.ts';
import type { Service } from './master-cf.ts';
import { noCounterpart, whatToDo } from './no-counterpart.ts';
import type { Row, SecretPlan } from './report.ts';
import { shownSpecification } from './tables.ts';

/** A setting with its expanded value. */
export interface Given {
  readonly name: string;
  /** Before the expansion. */
  readonly written: string;
  readonly value: string;
  readonly where: string;
}

/** A row, and what it sets. */
export interface ParameterRow {
  readonly row: Row;
  /** The parameter here that it sets. */
  readonly sets?: { readonly name: ParameterName; readonly value: string };
  readonly secrets: readonly SecretPlan[];
}

/** Parameters that Postfix has for each transport, by what follows the name of the transport. */
const ofTransport =
  /^(.+?)_(destination_(?:concurrency_(?:limit|failed_cohort_limit|positive_feedback|negative_feedback)|rate_delay|recipient_limit)|initial_destination_concurrency|delivery_slot_(?:cost|discount|loan)|minimum_delivery_slots|(?:extra_)?recipient_limit|recipient_refill_(?:delay|limit)|transport_rate_delay|time_limit)$/;

/** Returns the service that a parameter of the queue manager is for, and the rest of its name; `undefined` for others. */
export function splitTransportParameter(
  name: string,
  transports: ReadonlyMap<string, Service>,
): { readonly service: string; readonly rest: string } | undefined {
  const match = ofTransport.exec(name);
  const [, service = '', rest = ''] = match ?? [];
  const isService = transports.has(service) || wellKnown.has(service);
  return match !== null && isService && service !== 'default' ? { service, rest } : undefined;
}

/** Transports of the master.cf that Postfix and Debian install, for a configuration without that file. */
const wellKnown: ReadonlySet<string> = new Set(
  'lmtp local virtual relay smtp error retry pipe bsmtp ifmail maildrop mailman scalemail-backend uucp cyrus'.split(
    ' ',
  ),
);

/** Returns the row of a parameter under its name here. */
export function parameterRow(given: Given, here: string, options: ConvertOptions): ParameterRow {
  const { name, written, value, where } = given;
  const base = { name, where, ...(isShown(name) ? { value: shownWritten(here, written) } : {}) };
  if (isParameterName(here)) return convertedRow(given, here, base, options);
  const why = noCounterpart(here) ?? noCounterpart(name);
  const todo = value === '' ? undefined : whatToDo(here);
  if (why === undefined) {
    const unknown = `No program of Postfix is known to use it: check its spelling. It ${whyNot(name)}`.replace(
      /[^.?]$/,
      '$&.',
    );
    return { row: { name, where, class: 'none', why: unknown }, secrets: [] };
  }
  return { row: { ...base, class: todo === undefined ? 'none' : 'refused', why, ...(todo && { todo }) }, secrets: [] };
}

function convertedRow(
  { name, value }: Given,
  here: ParameterName,
  base: Pick<Row, 'name' | 'where' | 'value'>,
  options: ConvertOptions,
): ParameterRow {
  const { class: found, value: set, why, todo, secrets = [] } = convertParameter(here, value, options);
  const isOther = found === 'taken' && here !== name;
  const shown = set === undefined ? undefined : shownValue(here, set.replaceAll('$$', '$'));
  const isNew = found === 'renamed' || isOther;
  return {
    row: {
      ...base,
      class: isOther ? 'renamed' : found,
      ...(isNew && shown !== undefined ? { here: `${here} = ${shown}` } : {}),
      ...(why === undefined ? {} : { why }),
      ...(todo === undefined ? {} : { todo }),
    },
    ...(set === undefined ? {} : { sets: { name: here, value: set } }),
    secrets,
  };
}

/** Whether the value of a parameter may be shown: that of a stranger may be a secret. */
function isShown(name: string): boolean {
  return isParameterName(name) || whatToDo(name) !== undefined || ofTransport.test(name);
}

/** A value as written; of maps of passwords only the types and files. */
function shownWritten(name: string, written: string): string {
  if (!/password/.test(name)) return written;
  return splitOutsideBraces(written).map(shownSpecification).join(', ');
}
