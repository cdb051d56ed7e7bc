/** Error answers of AWS services, in the protocol of each: what their SDK clients read from the wire. */

/** An answer. */
export interface AwsAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Makes the answer of a service to a failed call. */
export type Failing = (status: number, code: string, message: string, more?: string) => AwsAnswer;

const escapedXml = (text: string) => text.replaceAll(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);

/** S3 (rest-xml): "Error responses" of its API reference. */
export const s3Error: Failing = (status, code, message, more = '') => ({
  status,
  headers: { 'content-type': 'application/xml', 'x-amz-request-id': 'R1', 'x-amz-id-2': 'H1' },
  body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${escapedXml(message)}</Message>${more}<RequestId>R1</RequestId><HostId>H1</HostId></Error>`,
});

/** Services of the query protocol: SNS, SES, STS, CloudFormation. */
export const queryError: Failing = (status, code, message) => ({
  status,
  headers: { 'content-type': 'text/xml', 'x-amzn-requestid': 'R1' },
  body: `<ErrorResponse xmlns="http://amazonaws.com/doc/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${escapedXml(message)}</Message></Error><RequestId>R1</RequestId></ErrorResponse>`,
});

/** Services of the JSON protocols: DynamoDB, Secrets Manager, CloudWatch Logs. */
export const jsonError: Failing = (status, code, message) => ({
  status,
  headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': 'R1' },
  body: JSON.stringify({ __type: `com.amazon.coral.service#${code}`, message, Message: message }),
});

/** SQS: JSON, with the code of its older query protocol in a header. */
export const sqsError: Failing = (status, code, message, queryCode = code) => ({
  ...jsonError(status, code, message),
  headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-query-error': `${queryCode};Sender` },
});

/** Lambda (rest-json): the code is in a header. */
export const lambdaError: Failing = (status, code, message) => ({
  status,
  headers: { 'content-type': 'application/json', 'x-amzn-errortype': `${code}:http://internal.amazon.com/coral/` },
  body: JSON.stringify({ Type: 'User', Message: message, message }),
});
