/**
 * Messages of the active and the deferred queue: a key and a generation, never mail.
 *
 * They only wake and pace. The item in the queue table decides: a stale, duplicate or late message changes nothing.
 */

import { SchemaVersionError, schemaVersion } from './schema-version.ts';

/** The key of an item of the queue table. */
export interface DeliveryKey {
  /** Queue id of the request, `[A-Za-z0-9._-]{1,80}`. */
  readonly id: string;
  /** Number of the delivery in the request: `0000`, `0001`, ... one for each destination and chunk of recipients. */
  readonly delivery: string;
}

/** "This delivery may start" (active queue), or "this delivery falls due" (deferred queue). */
export interface WakeUp extends DeliveryKey {
  readonly version: number;
  readonly generation: number;
}

/** The message is not a wake-up. */
export class WakeUpError extends Error {
  override readonly name = 'WakeUpError';
}

/** Writes a wake-up as the body of an SQS message. */
export function formatWakeUp({ id, delivery, generation }: Omit<WakeUp, 'version'>): string {
  return JSON.stringify({ version: schemaVersion, id, delivery, generation } satisfies WakeUp);
}

/**
 * Reads the body of an SQS message as a wake-up. From a later release only the key and generation are used; the item
 * has the rest.
 *
 * @throws WakeUpError        naming the field that is wrong
 * @throws SchemaVersionError if a later release wrote it with another key: it stays in its queue for that release
 */
export function parseWakeUp(body: string): WakeUp {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (cause) {
    throw new WakeUpError('the wake-up is not JSON', { cause });
  }
  if (typeof value !== 'object' || value === null) throw new WakeUpError('the wake-up is not a JSON object');
  const { version, id, delivery, generation } = value as Record<string, unknown>;
  if (typeof version !== 'number' || !Number.isSafeInteger(version) || version < 1) {
    throw new WakeUpError(`version: ${JSON.stringify(version)} is not a version`);
  }
  try {
    return { version, ...readKey(id, delivery), generation: readGeneration(generation) };
  } catch (error) {
    if (version > schemaVersion) throw new SchemaVersionError(`wake-up of version ${version}: ${String(error)}`);
    throw error;
  }
}

/** Whether a value is the number of a delivery. */
export function isDeliveryNumber(value: unknown): value is string {
  return typeof value === 'string' && /^\d{4,}$/.test(value);
}

function readKey(id: unknown, delivery: unknown): DeliveryKey {
  if (typeof id !== 'string' || id === '') throw new WakeUpError('id: expected a queue id');
  if (!isDeliveryNumber(delivery)) throw new WakeUpError('delivery: expected a number');
  return { id, delivery };
}

function readGeneration(generation: unknown): number {
  if (typeof generation !== 'number' || !Number.isSafeInteger(generation) || generation < 1) {
    throw new WakeUpError('generation: expected a whole number from 1');
  }
  return generation;
}
