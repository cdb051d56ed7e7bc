/**
 * Classifies errors of the table: whether the same call may succeed later, and whether it may have had an effect.
 */

import { DynamoDBServiceException } from '@aws-sdk/client-dynamodb';
import { isServerError, isThrottlingError, isTransientError } from '@smithy/core/retry';
import type { TroubleKind } from '../queue/writes/table-trouble.ts';

/**
 * Errors of permissions, keys and credentials. They are often temporary: a new policy or role takes a moment to be
 * effective, and credentials are renewed. A wrong request (ValidationException) or a missing table is permanent.
 */
const denials = new Set([
  'AccessDeniedException',
  'ExpiredTokenException',
  'IncompleteSignatureException',
  'InvalidSignatureException',
  'MissingAuthenticationTokenException',
  'UnrecognizedClientException',
  'CredentialsProviderError',
]);

/** Returns the class of an error, by the SDK's own classification; undefined if the same call would fail again. */
export function dynamoDbTrouble(error: unknown): TroubleKind | undefined {
  if (!isSdkError(error)) return undefined;
  if (isThrottlingError(error)) return 'throttled';
  if (denials.has(error.name)) return 'denied';
  if (isServerError(error)) return 'failed';
  if (!isTransientError(error)) return undefined;
  return error instanceof DynamoDBServiceException ? 'failed' : 'lost';
}

type SdkError = Parameters<typeof isThrottlingError>[0];

function isSdkError(error: unknown): error is SdkError {
  return error instanceof Error && (error.cause === undefined || error.cause instanceof Error);
}
