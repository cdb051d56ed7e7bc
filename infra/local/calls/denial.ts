import type { RecordedRequest } from './recorded-request.ts';

/** An answer. */
export interface Denial {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Returns a service's answer to a denied request, in the format of its SDK client. */
export function denialOf({ service, method }: RecordedRequest, why: string): Denial {
  const words = why.replaceAll(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
  switch (service) {
    case 's3': {
      const body = `<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>${words}</Message></Error>`;
      // The answer to HEAD has no body.
      return { status: 403, headers: { 'content-type': 'application/xml' }, body: method === 'HEAD' ? '' : body };
    }
    case 'sns':
    case 'ses': {
      const code = service === 'sns' ? 'AuthorizationError' : 'AccessDenied';
      const error = `<Error><Type>Sender</Type><Code>${code}</Code><Message>${words}</Message></Error>`;
      return {
        status: 403,
        headers: { 'content-type': 'text/xml' },
        body: `<ErrorResponse>${error}<RequestId>local</RequestId></ErrorResponse>`,
      };
    }
    default:
      return {
        status: service === 'lambda' || service === 'sqs' ? 403 : 400,
        headers: {
          'content-type': 'application/x-amz-json-1.0',
          'x-amzn-errortype': 'AccessDeniedException',
          'x-amzn-query-error': 'AccessDenied;Sender',
        },
        body: JSON.stringify({ __type: 'AccessDeniedException', message: why, Message: why }),
      };
  }
}
