/**
 * Classifies errors of the table: whether the same call may succeed later, and whether it may have had an effect.
 */

import type { TroubleKind } from '../queue/writes/table-trouble.ts';
import type { ErrorKind } from './error-kinds.ts';
import { errorKind } from './explained-errors.ts';

/**
 * What the kinds of errors mean for the table. Missing permissions, keys and credentials are often temporary: a new
 * policy or role takes a moment to be effective, and credentials are renewed. A wrong request or a missing table is
 * permanent.
 */
const troubles: Readonly<Record<ErrorKind, TroubleKind | undefined>> = {
  denied: 'denied',
  'key-denied': 'denied',
  'key-unusable': 'denied',
  'no-credentials': 'denied',
  expired: 'denied',
  rejected: 'denied',
  clock: 'denied',
  region: 'denied',
  'no-region': 'denied',
  throttled: 'throttled',
  failed: 'failed',
  unreachable: 'lost',
  unreadable: 'lost',
  missing: undefined,
  refused: undefined,
};

/** Returns the class of an error; undefined if the same call would fail again. */
export function dynamoDbTrouble(error: unknown): TroubleKind | undefined {
  const kind = errorKind(error);
  return kind && troubles[kind];
}
