import type { IncomingHttpHeaders } from 'node:http';

/** A request that somebody made of an AWS service, and how it was answered. */
export interface RecordedRequest {
  /** The access key id that signed it: in the local stack, the name of the function. */
  readonly caller: string;
  /** The service that it was signed for: `sqs`, `s3`, `dynamodb` ... */
  readonly service: string;
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Of the answer. */
  readonly status: number;
}

/** Who signed a request, and for which service (Signature Version 4, "Authorization header"). */
export function signerOf(authorization = ''): { readonly caller: string; readonly service: string } {
  const [, caller = '', service = ''] =
    /Credential=([^/]+)\/\d+\/[^/]+\/([^/]+)\/aws4_request/.exec(authorization) ?? [];
  return { caller, service };
}
