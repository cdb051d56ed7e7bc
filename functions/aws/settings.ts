/**
 * What AWS clients are made with, where a caller names it: region, credentials and endpoints are inputs of a command.
 */

/** The services that have a client here; all but SES as the variables `AWS_ENDPOINT_URL_...` name them. */
export type AwsService =
  | 'CLOUDFORMATION'
  | 'CLOUDWATCH_LOGS'
  | 'DYNAMODB'
  | 'LAMBDA'
  | 'S3'
  | 'SECRETS_MANAGER'
  | 'SES'
  | 'SNS'
  | 'SQS'
  | 'STS';

/** Limits of a client's calls; the SDK has none by default. Times in milliseconds. */
export interface AwsLimits {
  /** Most tries of a call, the first included; absent: as the settings or the SDK say. */
  readonly attempts?: number;
  readonly connectionTimeout: number;
  /** From the request to the beginning of the answer; absent: only stalls are limited. */
  readonly requestTimeout?: number;
  /** Without an octet in either direction, so also in the middle of an answer. */
  readonly socketTimeout: number;
}

/** What a client is made with. What is absent the SDK finds itself: in the environment, in profiles, from the machine. */
export interface ClientSettings {
  readonly region?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly endpoint?: string;
  /** Calls in all, the first included, of a client that has no number of its own. */
  readonly maxAttempts?: number;
  /** Take precedence over the limits of the client. */
  readonly limits?: Partial<AwsLimits>;
}

/** Returns the settings of the client of a service. */
export type AwsSettings = (service: AwsService) => ClientSettings;

/** Leaves all of it to the SDK. */
export const settingsOfProcess: AwsSettings = () => ({});
