/**
 * What AWS clients are made with, where a caller names it: region, credentials and endpoints are inputs of a command.
 */

/** The services that have a client here, as the variables `AWS_ENDPOINT_URL_...` name them. */
export type AwsService =
  | 'CLOUDFORMATION'
  | 'CLOUDWATCH_LOGS'
  | 'DYNAMODB'
  | 'LAMBDA'
  | 'S3'
  | 'SECRETS_MANAGER'
  | 'SNS'
  | 'SQS'
  | 'STS';

/** What a client is made with. What is absent the SDK finds itself: in the environment, in profiles, from the machine. */
export interface ClientSettings {
  readonly region?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly endpoint?: string;
  /** Calls in all, the first included, of a client that has no number of its own. */
  readonly maxAttempts?: number;
}

/** Returns the settings of the client of a service. */
export type AwsSettings = (service: AwsService) => ClientSettings;

/** Leaves all of it to the SDK. */
export const settingsOfProcess: AwsSettings = () => ({});
