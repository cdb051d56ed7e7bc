/**
 * What an error of an AWS call means, by its name, status and network code. Pure: the words for each kind are in
 * error-table.ts.
 *
 * Sources: "Common Errors" and the errors of each operation in the API references of the services, "Error responses" of
 * Amazon S3, and the SDK's own classification (@smithy/core/retry).
 */

import { isThrottlingError } from '@smithy/core/retry';

/**
 * What went wrong with a call. `denied`: a permission is missing. `key-denied`: the permission for the KMS key is
 * missing. `key-unusable`: the KMS key is disabled, to be deleted, or gone. `missing`: the resource does not exist.
 * `region`: the resource is in another region. `no-region`: no valid region is set. `no-credentials`, `expired`,
 * `rejected`: AWS has no use for the credentials. `clock`: the clock of this machine is wrong. `throttled`, `failed`
 * (5xx), `unreachable` (no answer), `unreadable` (not an answer of AWS): the same call may succeed later. `refused`:
 * AWS does not accept the request.
 */
export type ErrorKind =
  | 'denied'
  | 'key-denied'
  | 'key-unusable'
  | 'missing'
  | 'region'
  | 'no-region'
  | 'no-credentials'
  | 'expired'
  | 'rejected'
  | 'clock'
  | 'throttled'
  | 'failed'
  | 'unreachable'
  | 'unreadable'
  | 'refused';

/** The properties of an error that say what it means. */
export interface ErrorFacts {
  /** Its name; for a response without one, the name that its status has. */
  readonly name: string;
  readonly message: string;
  /** HTTP status; undefined: there was no response. */
  readonly status: number | undefined;
  /** Code of the system or of Node, such as ECONNREFUSED. */
  readonly code: string;
  /** Whether the system refused to connect, whatever its code: no free port, no free descriptor, a firewall on this machine. */
  readonly isUnconnected: boolean;
  /** Whether a service of AWS sent it. */
  readonly isAnswer: boolean;
  /** Whether a response was received and could not be read. */
  readonly isUnreadable: boolean;
  /** The SDK's own classification. */
  readonly isThrottled: boolean;
}

/** Returns what an error of AWS or of the network means; undefined: an unmet condition, or no error of AWS. */
export function kindOf(error: unknown): ErrorKind | undefined {
  if (!(error instanceof Error)) return undefined;
  const facts = factsOf(error);
  return rules.find(({ applies }) => applies(facts))?.kind;
}

/** Returns the facts of an error. */
export function factsOf(error: Error): ErrorFacts {
  const status = statusOf(error);
  const isAnswer = '$fault' in error;
  return {
    name: isAnswer ? nameOf(error.name, status) : error.name,
    message: error.message,
    status,
    code: 'code' in error && typeof error.code === 'string' ? error.code : '',
    isUnconnected: 'syscall' in error && (error.syscall === 'connect' || error.syscall === 'getaddrinfo'),
    isAnswer,
    isUnreadable: !isAnswer && '$response' in error,
    isThrottled: isSdkError(error) && isThrottlingError(error),
  };
}

type SdkError = Parameters<typeof isThrottlingError>[0];

function isSdkError(error: Error): error is SdkError {
  return error.cause === undefined || error.cause instanceof Error;
}

function statusOf(error: Error): number | undefined {
  if (!('$metadata' in error) || typeof error.$metadata !== 'object' || error.$metadata === null) return undefined;
  const status = 'httpStatusCode' in error.$metadata ? error.$metadata.httpStatusCode : undefined;
  return typeof status === 'number' ? status : undefined;
}

/** Names of an answer by its status: the answer to a HEAD request has no body that names the error. */
const statusNames: Readonly<Record<number, string>> = {
  301: 'PermanentRedirect',
  304: 'NotModified',
  307: 'TemporaryRedirect',
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'AccessDenied',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  409: 'Conflict',
  412: 'PreconditionFailed',
  413: 'EntityTooLarge',
  416: 'InvalidRange',
  429: 'TooManyRequestsException',
  500: 'InternalError',
  502: 'BadGateway',
  503: 'ServiceUnavailable',
  504: 'GatewayTimeout',
};

/** Names that say nothing. */
const nameless = /^(?:UnknownError|Unknown|Error|\d+|\w+ServiceException)$/;

function nameOf(name: string, status: number | undefined): string {
  if (!nameless.test(name) || status === undefined) return name;
  return statusNames[status] ?? `HttpStatus${status}`;
}

interface Rule {
  readonly kind: ErrorKind | undefined;
  applies(facts: ErrorFacts): boolean;
}

const named =
  (pattern: RegExp) =>
  ({ name }: ErrorFacts) =>
    pattern.test(name);

const unmet =
  /^(?:AbortError|ConditionalCheckFailedException|ConditionalRequestConflict|NotModified|PreconditionFailed|TransactionCanceledException)$/;

const networkCode =
  /^(?:ECONN\w+|ENOTFOUND|EAI_\w+|ETIMEDOUT|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN|EPIPE|EPROTO|ERR_STREAM_PREMATURE_CLOSE|ERR_TLS_\w+|ERR_SSL_\w+|CERT_\w+|UNABLE_TO_\w+|DEPTH_ZERO_\w+|SELF_SIGNED_\w+)$/;

const credentialErrors = /^(?:CredentialsProviderError|TokenProviderError|ProviderError)$/;

const rejections =
  /^(?:InvalidClientTokenId|InvalidAccessKeyId|UnrecognizedClientException|SignatureDoesNotMatch|InvalidSignatureException|IncompleteSignature(?:Exception)?|MissingAuthenticationToken(?:Exception)?|MissingSecurityHeader|InvalidToken|InvalidSecurity|AuthFailure|AuthorizationHeaderMalformed|NotSignedUp|OptInRequired|OptInRequiredException|SubscriptionRequiredException)$/;

const isRejected = named(rejections);

const denials =
  /AccessDenied|^Unauthorized|NotAuthorized|^AuthorizationError|^AllAccessDisabled$|^AccountProblem$|^Forbidden(?:Exception)?$/;

const isDenied = ({ name, status, isAnswer }: ErrorFacts) =>
  denials.test(name) || (isAnswer && (status === 401 || status === 403));

const absences = /NotFound|^NoSuch|NonExistentQueue|^QueueDoesNotExist$|^NonExistent/;

/** In this order: the first rule that applies. */
const rules: readonly Rule[] = [
  { kind: undefined, applies: named(unmet) },
  {
    kind: 'no-region',
    applies: ({ message }) => /^(?:Region is missing|Invalid region|Region not accepted)/.test(message),
  },
  { kind: 'expired', applies: ({ name, message }) => credentialErrors.test(name) && /expired/i.test(message) },
  { kind: 'no-credentials', applies: named(credentialErrors) },
  {
    kind: 'unreachable',
    applies: ({ name, code, isAnswer, isUnconnected }) =>
      (!isAnswer && (isUnconnected || networkCode.test(code))) ||
      /^(?:TimeoutError|RequestTimeout(?:Exception)?)$/.test(name),
  },
  { kind: 'unreadable', applies: ({ isUnreadable, code }) => isUnreadable || /^HPE_/.test(code) },
  {
    kind: 'throttled',
    applies: ({ name, isThrottled }) =>
      isThrottled || /Throttl|^SlowDown|^OverLimit$|^MaxSendingRateExceeded/.test(name),
  },
  { kind: 'key-denied', applies: named(/^KMS\.?AccessDenied|^DecryptionFailure|^EncryptionFailure/i) },
  { kind: 'key-unusable', applies: named(/^KMS/i) },
  { kind: 'key-denied', applies: (facts) => isDenied(facts) && /\bkms:|\bKMS\b/.test(facts.message) },
  { kind: 'expired', applies: named(/^(?:ExpiredToken(?:Exception)?|RequestExpired|TokenRefreshRequired)$/) },
  {
    kind: 'clock',
    applies: (facts) =>
      /^RequestTimeTooSkewed$|^RequestInTheFuture$/.test(facts.name) ||
      (isRejected(facts) && /signature expired|not yet current/i.test(facts.message)),
  },
  {
    kind: 'region',
    applies: (facts) =>
      /^(?:PermanentRedirect|TemporaryRedirect|IllegalLocationConstraintException)$/.test(facts.name) ||
      (isRejected(facts) && /\bregion\b/i.test(facts.message)),
  },
  { kind: 'rejected', applies: isRejected },
  { kind: 'denied', applies: isDenied },
  {
    kind: 'missing',
    applies: ({ name, message, status }) =>
      absences.test(name) || status === 404 || (name === 'ValidationError' && /does not exist/.test(message)),
  },
  { kind: 'failed', applies: ({ status, isAnswer }) => isAnswer && status !== undefined && status >= 500 },
  { kind: 'refused', applies: ({ name, isAnswer }) => isAnswer || name === 'EndpointError' },
];
