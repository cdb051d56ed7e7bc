/**
 * Divides the recipients of one kind of event among as many events as they need.
 */

/** Octets for the recipients of one event: SNS accepts 256 KiB, and the frame needs the rest. */
const eventOctets = 200_000;

/** The recipients of one event, and their common type. */
export interface Portion<Type, Entry> {
  readonly type: Type;
  readonly entries: readonly Entry[];
  /** The number of the portion within its type, from 0. */
  readonly number: number;
}

/** Groups entries by type, in as few portions as possible. */
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
