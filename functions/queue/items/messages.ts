/**
 * What travels through the active and the deferred queue: a key and a generation, never mail.
 *
 * Both only wake and pace. Whatever they say is checked against the item in the queue table; a message that is behind its
 * item, doubled or late changes nothing.
 */

import { SchemaVersionError, schemaVersion } from './schema-version.ts';

/** Names one item of the queue table. */
export interface DeliveryKey {
  /** Queue id of the request, `[A-Za-z0-9._-]{1,80}`. */
  readonly id: string;
  /** Which delivery of the request: `0000`, `0001`, ... one for each destination and chunk of recipients. */
  readonly delivery: string;
}

/** "This delivery may start" (active queue), or "this delivery falls due" (deferred queue). */
export interface WakeUp extends DeliveryKey {
  readonly version: number;
  readonly generation: number;
}

/** A queue message that is none of ours. */
export class WakeUpError extends Error {
  override readonly name = 'WakeUpError';
}

/** Writes a wake-up as the body of an SQS message. */
export function formatWakeUp({ id, delivery, generation }: Omit<WakeUp, 'version'>): string {
  return JSON.stringify({ version: schemaVersion, id, delivery, generation } satisfies WakeUp);
}

/**
 * Reads the body of an SQS message as a wake-up. One of a later release is heeded by its key, for the item says all the rest.
 *
 * @throws WakeUpError        naming the field that is wrong
 * @throws SchemaVersionError where it is a later release's, and has another key: it stays in its queue for that one
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
    throw new WakeUpError(`version: ${JSON.stringify(version)} is none`);
  }
  try {
    return { version, ...readKey(id, delivery), generation: readGeneration(generation) };
  } catch (error) {
    if (version > schemaVersion) throw new SchemaVersionError(`wake-up of version ${version}: ${String(error)}`);
    throw error;
  }
}

/** Whether something numbers a delivery of a request. */
export function isDeliveryNumber(value: unknown): value is string {
  return typeof value === 'string' && /^\d{4,}$/.test(value);
}

function readKey(id: unknown, delivery: unknown): DeliveryKey {
  if (typeof id !== 'string' || id === '') throw new WakeUpError('id: a queue id is wanted');
  if (!isDeliveryNumber(delivery)) throw new WakeUpError('delivery: a number is wanted');
  return { id, delivery };
}

function readGeneration(generation: unknown): number {
  if (typeof generation !== 'number' || !Number.isSafeInteger(generation) || generation < 1) {
    throw new WakeUpError('generation: a whole number from 1 is wanted');
  }
  return generation;
}
