/**
 * Reads records of destinations from the table. No mail depends on a record: a malformed member counts as absent, and
 * the next write removes it. Only malformed holds count as a hold.
 */

import {
  type ConcurrencyWindow,
  type DestinationRecord,
  emptyRecord,
  type Fallback,
  type Places,
  type Probe,
  type Release,
  type Suspension,
  type Trial,
} from './destination-record.ts';
import { count, Flaw, type Form, isRecord, isWhole, list, number, object, optional, text, time } from './form.ts';
import type { Hold } from './item.ts';
import { historyForm, holdForm, statusForm } from './parse-parts.ts';
import { isReadable, readableVersions, SchemaVersionError, schemaVersion } from './schema-version.ts';
import { malformedHold, type RawItem } from './unreadable-item.ts';

/** The members that are written together. */
type Known = Omit<DestinationRecord, keyof Places | 'name' | 'revision' | 'due' | 'faults'>;

const knownForms: { readonly [Name in keyof Known]-?: Form<Exclude<Known[Name], undefined>> } = {
  holds: list(holdForm),
  suspension: object<Suspension>({ since: time, until: time, why: text, dsn: statusForm, failures: count }),
  window: object<ConcurrencyWindow>({
    size: number,
    failedCohorts: number,
    failure: number,
    failures: number,
    succeededAt: optional(time),
    failedAt: optional(time),
    failedAfter: optional(number),
    at: time,
  }),
  probe: object<Probe>({ token: text, until: time }),
  trials: list(object<Trial>({ token: text, until: time, since: time })),
  caution: object<Fallback>({ until: time, why: text }),
  release: object<Release>({ since: time, spread: time }),
  history: list(historyForm),
};

/**
 * Returns the record; an empty one if there is none. `faults` names its malformed members.
 *
 * @throws SchemaVersionError if a release wrote it that is too far from this one
 */
export function readRecord(name: string, item: RawItem = {}): DestinationRecord {
  const faults: string[] = [];
  const { version = schemaVersion, revision, due, known = {} } = item;
  if (isWhole(version) && version >= 1 && !isReadable(version)) {
    const known = `this release reads versions ${readableVersions}`;
    throw new SchemaVersionError(`record of ${name} has version ${version}; ${known}`);
  }
  const member = <T>(form: Form<T>, value: unknown, path: string): T | undefined => {
    const flaw = new Flaw();
    if (value === undefined || form(value, flaw)) return value;
    flaw.within(path);
    faults.push(flaw.text);
    return undefined;
  };
  member(count, version, 'version');
  const kept = isRecord(known) ? known : {};
  if (!isRecord(known)) faults.push('known: is not an object');
  const record = {
    ...emptyRecord(name),
    ...readKnown(kept, member),
    ...readPlaces(item, member),
    revision: member(count, revision, 'revision') ?? 0,
  };
  const at = member(time, due, 'due');
  return { ...record, ...(at === undefined ? {} : { due: at }), ...(faults.length === 0 ? {} : { faults }) };
}

type Member = <T>(form: Form<T>, value: unknown, path: string) => T | undefined;

/** Returns the readable members, and those unknown to this release. */
function readKnown(known: Readonly<Record<string, unknown>>, member: Member): Partial<Known> {
  const holds = member(knownForms.holds, known['holds'], 'known.holds');
  const isHoldLost = holds === undefined && known['holds'] !== undefined;
  const others = Object.fromEntries(Object.entries(known).filter(([one]) => !(one in knownForms)));
  // A member missing in this list would be lost at the next write.
  const read: { readonly [Name in keyof Known]-?: Known[Name] | undefined } = {
    holds: isHoldLost ? [lostHold] : holds,
    suspension: member(knownForms.suspension, known['suspension'], 'known.suspension'),
    window: member(knownForms.window, known['window'], 'known.window'),
    probe: member(knownForms.probe, known['probe'], 'known.probe'),
    trials: member(knownForms.trials, known['trials'], 'known.trials'),
    caution: member(knownForms.caution, known['caution'], 'known.caution'),
    release: member(knownForms.release, known['release'], 'known.release'),
    history: member(knownForms.history, known['history'], 'known.history'),
  };
  return { ...others, ...Object.fromEntries(Object.entries(read).filter(([, value]) => value !== undefined)) };
}

/** The hold for a destination whose holds cannot be read. */
const lostHold: Hold = {
  id: malformedHold,
  reason: 'the holds in its record cannot be read',
  by: 'the queue table',
  since: 0,
};

const readAnyway: Member = (form, value) => (form(value, new Flaw()) ? value : undefined);

/** Returns the places of a record. */
export function readPlaces({ active, backlog }: RawItem = {}, member: Member = readAnyway): Places {
  const places = { active: member(number, active, 'active') ?? 0 };
  const since = member(time, backlog, 'backlog');
  return since === undefined ? places : { ...places, backlog: since };
}
