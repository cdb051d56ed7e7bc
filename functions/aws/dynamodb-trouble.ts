/**
 * What an error of the table means: whether the same call may succeed later, and whether it may have been carried out.
 */

import { DynamoDBServiceException } from '@aws-sdk/client-dynamodb';
import { isServerError, isThrottlingError, isTransientError } from '@smithy/core/retry';
import type { TroubleKind } from '../queue/writes/table-trouble.ts';

/**
 * Rights, keys and credentials. They are put right, often within seconds: a policy or a role that was just deployed takes a moment
 * to be known everywhere, and credentials are renewed. A wrong request (ValidationException) or a missing table stays so.
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

/** What an error means, by the SDK's own classification; undefined where the same call would fail again. */
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
