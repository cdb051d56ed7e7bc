import type { IncomingHttpHeaders } from 'node:http';

/** A request to an AWS service. */
export interface RecordedRequest {
  /** The access key id of its signature: in the local stack, the name of the function. */
  readonly caller: string;
  /** The service of its signature: `sqs`, `s3`, `dynamodb` ... */
  readonly service: string;
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Empty for S3. */
  readonly body: string;
  /** Status of the answer; absent before it. */
  readonly status?: number;
}

/** Returns the caller and the service of a signature (Signature Version 4, "Authorization header"). */
export function signerOf(authorization = ''): { readonly caller: string; readonly service: string } {
  const [, caller = '', service = ''] =
    /Credential=([^/]+)\/\d+\/[^/]+\/([^/]+)\/aws4_request/.exec(authorization) ?? [];
  return { caller, service };
}

/** A permission that a request needs. */
export interface NeededPermission {
  /** `sqs:SendMessage` */
  readonly action: string;
  /** ARN; `*` for actions without resources. */
  readonly resource: string;
  /** Values of condition keys. */
  readonly context: Readonly<Record<string, string>>;
}

/** A request with an unknown operation. */
export class UnknownCallError extends Error {
  override readonly name = 'UnknownCallError';

  constructor({ caller, service, method, url, headers }: RecordedRequest, why = 'that operation is not known') {
    super(`${caller} asked ${service} for ${headers['x-amz-target'] ?? `${method} ${url}`}: ${why}`);
  }
}
