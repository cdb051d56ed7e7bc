import type { IncomingHttpHeaders } from 'node:http';

/** A request that somebody makes of an AWS service. */
export interface RecordedRequest {
  /** The access key id that signed it: in the local stack, the name of the function. */
  readonly caller: string;
  /** The service that it was signed for: `sqs`, `s3`, `dynamodb` ... */
  readonly service: string;
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Empty where it goes to S3. */
  readonly body: string;
  /** Of the answer; absent as long as there is none. */
  readonly status?: number;
}

/** Who signed a request, and for which service (Signature Version 4, "Authorization header"). */
export function signerOf(authorization = ''): { readonly caller: string; readonly service: string } {
  const [, caller = '', service = ''] =
    /Credential=([^/]+)\/\d+\/[^/]+\/([^/]+)\/aws4_request/.exec(authorization) ?? [];
  return { caller, service };
}

/** A permission that a request needs. */
export interface NeededPermission {
  /** `sqs:SendMessage` */
  readonly action: string;
  /** ARN; `*` for actions that know no resources. */
  readonly resource: string;
  /** Values of condition keys. */
  readonly context: Readonly<Record<string, string>>;
}

/** A request whose operation nobody here knows. */
export class UnknownCallError extends Error {
  override readonly name = 'UnknownCallError';

  constructor({ caller, service, method, url, headers }: RecordedRequest, why = 'that operation is not known') {
    super(`${caller} asked ${service} for ${headers['x-amz-target'] ?? `${method} ${url}`}: ${why}`);
  }
}
