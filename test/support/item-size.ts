/**
 * The size of an item of DynamoDB, and the charge of a write (DynamoDB developer guide, "Item sizes and
 * formats" and "Capacity unit consumption for write operations").
 */
import { queueTableSchema } from '../../functions/queue/items/table-schema.ts';

/** A value as the API has it: `{ S: 'text' }`. */
export type AttributeValue = Readonly<Record<string, unknown>>;
export type Item = Readonly<Record<string, AttributeValue>>;

/** Octets of an item. */
export function itemSize(item: Item): number {
  return Object.entries(item).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + valueSize(value), 0);
}

function valueSize(value: AttributeValue): number {
  const [[type, content] = []] = Object.entries(value);
  if (type === 'S') return Buffer.byteLength(content as string);
  if (type === 'N') return Math.ceil((content as string).replaceAll(/[-.]/g, '').length / 2) + 1;
  if (type === 'M') {
    const entries = Object.entries(content as Item);
    return 3 + entries.reduce((sum, [name, entry]) => sum + 1 + Buffer.byteLength(name) + valueSize(entry), 0);
  }
  if (type === 'L') return 3 + (content as AttributeValue[]).reduce((sum, entry) => sum + 1 + valueSize(entry), 0);
  if (type === 'SS') return (content as string[]).reduce((sum, entry) => sum + Buffer.byteLength(entry), 0);
  if (type === 'B') return Buffer.from(content as string, 'base64').length;
  return 1; // BOOL, NULL
}

/** Write request units of octets. */
const units = (octets: number) => Math.max(1, Math.ceil(octets / 1024));

/** The charge of a write. */
export interface WriteUnits {
  readonly table: number;
  readonly indexes: number;
}

/** Write request units of a change of one item; undefined means a missing item. A refused write is charged too. */
export function writeUnits(before: Item | undefined, after: Item | undefined): WriteUnits {
  const table = units(Math.max(itemSize(before ?? {}), itemSize(after ?? {})));
  return { table, indexes: indexes.reduce((sum, index) => sum + indexUnits(before, after, index), 0) };
}

const { partitionKey, sortKey, dueIndex, waitingIndex } = queueTableSchema;
const indexes = [dueIndex, waitingIndex];

/** An entry that moves is a deletion and a write; an unchanged one is free. */
function indexUnits(before: Item | undefined, after: Item | undefined, index: (typeof indexes)[number]): number {
  const [old, young] = [entryOf(before, index), entryOf(after, index)];
  if (JSON.stringify(old) === JSON.stringify(young)) return 0;
  if (old === undefined || young === undefined) return units(itemSize(old ?? young ?? {}));
  const isMoved = [index.partitionKey, index.sortKey].some(
    (name) => JSON.stringify(old[name]) !== JSON.stringify(young[name]),
  );
  return isMoved ? units(itemSize(old)) + units(itemSize(young)) : units(Math.max(itemSize(old), itemSize(young)));
}

/** Returns the part of an item in an index; undefined if the item is not in it. */
function entryOf(item: Item | undefined, index: (typeof indexes)[number]): Item | undefined {
  if (item?.[index.partitionKey] === undefined || item[index.sortKey] === undefined) return undefined;
  const names: readonly string[] = [partitionKey, sortKey, index.partitionKey, index.sortKey, ...index.projected];
  const attributes = [...new Set(names)].sort().flatMap((name) => {
    const value = item[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(attributes);
}
