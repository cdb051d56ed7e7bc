/**
 * Cuts the recipients of one kind of event into as many events as they need.
 */

/** Octets of one event's recipients: SNS takes 256 KiB, and what all events have needs the rest. */
const eventOctets = 200_000;

/** One event to be: what its recipients have in common, and the recipients. */
export interface Portion<Type, Entry> {
  readonly type: Type;
  readonly entries: readonly Entry[];
  /** Which portion of its type it is, from 0. */
  readonly number: number;
}

/** Puts entries of the same type together, in as few events as can hold them. */
export function portions<Type, Entry>(
  entries: readonly Entry[],
  typeOf: (entry: Entry) => Type,
): readonly Portion<Type, Entry>[] {
  const groups = new Map<string, { readonly type: Type; readonly entries: Entry[] }>();
  for (const entry of entries) {
    const type = typeOf(entry);
    const name = JSON.stringify(type);
    const group = groups.get(name) ?? { type, entries: [] };
    groups.set(name, group);
    group.entries.push(entry);
  }
  return [...groups.values()].flatMap(({ type, entries: all }) =>
    cut(all).map((some, number) => ({ type, entries: some, number })),
  );
}

function cut<Entry>(entries: readonly Entry[]): readonly (readonly Entry[])[] {
  const found: Entry[][] = [[]];
  let octets = 0;
  for (const entry of entries) {
    const size = Buffer.byteLength(JSON.stringify(entry));
    if (octets > 0 && octets + size > eventOctets) {
      found.push([]);
      octets = 0;
    }
    found.at(-1)?.push(entry);
    octets += size;
  }
  return found;
}
