/**
 * Records of destinations as the table holds them. No mail depends on one: a member that is not what it should be is taken for
 * absent, and goes with the next write. Only where the holds cannot be read, the destination counts as held.
 */

import {
  type Caution,
  type ConcurrencyWindow,
  type DestinationRecord,
  emptyRecord,
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

/** What is written as a whole. */
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
  caution: object<Caution>({ until: time, why: text }),
  release: object<Release>({ since: time, spread: time }),
  history: list(historyForm),
};

/**
 * Reads a record; an empty one where there is none. What is wrong with it is named in it.
 *
 * @throws SchemaVersionError where it is of a release that is too far from this one
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

/** The members that can be read, and those that this release does not know. */
function readKnown(known: Readonly<Record<string, unknown>>, member: Member): Partial<Known> {
  const holds = member(knownForms.holds, known['holds'], 'known.holds');
  const isHoldLost = holds === undefined && known['holds'] !== undefined;
  const others = Object.fromEntries(Object.entries(known).filter(([one]) => !(one in knownForms)));
  // Each member is named here: one that is forgotten would be lost with the next write.
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

/** Somebody holds the destination, and it cannot be read who, or why. */
const lostHold: Hold = {
  id: malformedHold,
  reason: 'the holds in its record cannot be read: what they were is not known',
  by: 'the queue table',
  since: 0,
};

const readAnyway: Member = (form, value) => (form(value, new Flaw()) ? value : undefined);

/** The places of a record. */
export function readPlaces({ active, backlog }: RawItem = {}, member: Member = readAnyway): Places {
  const places = { active: member(number, active, 'active') ?? 0 };
  const since = member(time, backlog, 'backlog');
  return since === undefined ? places : { ...places, backlog: since };
}
