/** What AWS answers when a call fails, by service: status, code and words, with the kind of error and what the remedy says. */
import type { ErrorKind } from '../../functions/aws/error-kinds.ts';
import { type Failing, jsonError, lambdaError, queryError, s3Error, sqsError } from './aws-answers.ts';
import { type calls, topic } from './aws-calls.ts';

/** What must never be seen in an error. */
export const token = 'FwoGZXIvYXdzEBYaDHsecretsessiontoken';
export const accessKey = 'ASIAQWERTYUIOPASDFGH';

/** Status, code and words of an answer, perhaps more of it; the kind; and what the words of the remedy contain. */
export type Story = readonly [ErrorKind, RegExp, readonly [number, string, string, string?]];

const arn = 'arn:aws:sts::123456789012:assumed-role/Mail-lmtp/Mail-lmtp';
export const refusal = (action: string, resource: string) =>
  `User: ${arn} is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`;
export const kmsKey = 'arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab';

/** As AWS answers a wrong signature: with the request that was signed. */
const wrongSignature = `The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.\n\nThe Canonical String for this request should have been\n'POST\n/\n\nhost:dynamodb\nx-amz-security-token:${token}\n'`;

/** As AWS answers a header that it cannot parse: with the header. */
const brokenHeader = `'${token}' not a valid key=value pair (missing equal-sign) in Authorization header: 'AWS4-HMAC-SHA256 Credential=${accessKey}/20261130/eu-central-1/sqs/aws4_request, Signature=${token}'.`;

/** Faults of the credentials, which all services but S3 name alike. */
const credentials: readonly Story[] = [
  ['rejected', /check the access key/, [400, 'IncompleteSignature', brokenHeader]],
  ['expired', /log in again/, [403, 'ExpiredToken', 'The security token included in the request is expired']],
  [
    'rejected',
    /check the access key/,
    [403, 'InvalidClientTokenId', 'The security token included in the request is invalid'],
  ],
  ['rejected', /check the access key/, [403, 'SignatureDoesNotMatch', wrongSignature]],
  [
    'clock',
    /set the clock/,
    [403, 'SignatureDoesNotMatch', 'Signature expired: 20261130T220000Z is now earlier than 20261130T221500Z'],
  ],
  [
    'region',
    /AWS_REGION/,
    [403, 'SignatureDoesNotMatch', "Credential should be scoped to a valid region, not 'us-east-1'. "],
  ],
  ['failed', /temporary/, [500, 'InternalFailure', 'The request processing has failed because of an unknown error']],
];

const jsonCredentials: readonly Story[] = [
  ['expired', /log in again/, [400, 'ExpiredTokenException', 'The security token included in the request is expired']],
  [
    'rejected',
    /check the access key/,
    [400, 'UnrecognizedClientException', 'The security token included in the request is invalid.'],
  ],
  ['rejected', /check the access key/, [400, 'InvalidSignatureException', wrongSignature]],
  [
    'clock',
    /set the clock/,
    [400, 'InvalidSignatureException', 'Signature expired: 20261130T220000Z is now earlier than 20261130T221500Z'],
  ],
  [
    'region',
    /AWS_REGION/,
    [400, 'InvalidSignatureException', "Credential should be scoped to a valid region, not 'us-east-1'. "],
  ],
  ['failed', /temporary/, [500, 'InternalServerError', 'again, please']],
];

export interface Service {
  readonly call: keyof typeof calls;
  readonly answer: Failing;
  readonly stories: readonly Story[];
}

export const services: Readonly<Record<string, Service>> = {
  S3: {
    call: 's3:GetObject s3://mail/in/x.eml',
    answer: s3Error,
    stories: [
      [
        'denied',
        /policy of the bucket/,
        [403, 'AccessDenied', refusal('s3:GetObject', '"arn:aws:s3:::mail/in/x.eml"')],
      ],
      ['denied', /bucket of another account/, [403, 'AccessDenied', 'Access Denied']],
      [
        'missing',
        /names of bucket and object/,
        [404, 'NoSuchKey', 'The specified key does not exist.', '<Key>in/x.eml</Key>'],
      ],
      [
        'missing',
        /names of bucket and object/,
        [404, 'NoSuchBucket', 'The specified bucket does not exist', '<BucketName>mail</BucketName>'],
      ],
      ['throttled', /temporary/, [503, 'SlowDown', 'Please reduce your request rate.']],
      [
        'key-denied',
        /grant kms:Decrypt on arn:aws:kms:.*:key\/1234abcd/,
        [403, 'AccessDenied', refusal('kms:Decrypt', kmsKey)],
      ],
      ['key-unusable', /enable arn:aws:kms/, [400, 'KMS.DisabledException', `${kmsKey} is disabled.`]],
      ['key-unusable', /cancel its deletion/, [400, 'KMS.KMSInvalidStateException', `${kmsKey} is pending deletion.`]],
      ['key-unusable', /enable the KMS key of s3:\/\/mail/, [400, 'KMS.NotFoundException', 'Invalid keyId']],
      [
        'region',
        /AWS_REGION/,
        [
          301,
          'PermanentRedirect',
          'The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.',
          '<Endpoint>mail.s3.eu-west-1.amazonaws.com</Endpoint>',
        ],
      ],
      [
        'region',
        /expecting 'eu-west-1'/,
        [
          400,
          'AuthorizationHeaderMalformed',
          "The authorization header is malformed; the region 'eu-central-1' is wrong; expecting 'eu-west-1'",
          '<Region>eu-west-1</Region>',
        ],
      ],
      [
        'expired',
        /log in again/,
        [400, 'ExpiredToken', 'The provided token has expired.', `<Token-0>${token}</Token-0>`],
      ],
      [
        'rejected',
        /check the access key/,
        [
          403,
          'InvalidAccessKeyId',
          'The AWS Access Key Id you provided does not exist in our records.',
          `<AWSAccessKeyId>${accessKey}</AWSAccessKeyId>`,
        ],
      ],
      [
        'rejected',
        /check the access key/,
        [
          403,
          'SignatureDoesNotMatch',
          'The request signature we calculated does not match the signature you provided.',
          `<AWSAccessKeyId>${accessKey}</AWSAccessKeyId><CanonicalRequest>GET x-amz-security-token:${token}</CanonicalRequest>`,
        ],
      ],
      [
        'clock',
        /set the clock/,
        [403, 'RequestTimeTooSkewed', 'The difference between the request time and the current time is too large.'],
      ],
      ['failed', /temporary/, [500, 'InternalError', 'We encountered an internal error. Please try again.']],
      [
        'refused',
        /words of AWS/,
        [
          400,
          'InvalidArgument',
          'Requests specifying Server Side Encryption with AWS KMS managed keys must be made over a secure connection.',
        ],
      ],
    ],
  },
  SQS: {
    call: 'sqs:SendMessage the queue "incoming"',
    answer: sqsError,
    stories: [
      [
        'denied',
        /policy of the queue/,
        [
          403,
          'AccessDeniedException',
          refusal('sqs:sendmessage', 'arn:aws:sqs:eu-central-1:123456789012:incoming'),
          'AccessDenied',
        ],
      ],
      [
        'missing',
        /check its name/,
        [400, 'QueueDoesNotExist', 'The specified queue does not exist.', 'AWS.SimpleQueueService.NonExistentQueue'],
      ],
      ['throttled', /quota/, [403, 'RequestThrottled', 'Rate exceeded', 'RequestThrottled']],
      ['throttled', /quota/, [400, 'KmsThrottled', 'Rate exceeded', 'KMS.ThrottlingException']],
      [
        'key-denied',
        /grant kms:GenerateDataKey on arn:aws:kms/,
        [400, 'KmsAccessDenied', refusal('kms:GenerateDataKey', kmsKey), 'KMS.AccessDeniedException'],
      ],
      [
        'key-denied',
        /grant kms:GenerateDataKey and kms:Decrypt on the KMS key of the queue "incoming"/,
        [
          400,
          'KmsAccessDenied',
          'The ciphertext refers to a customer master key that does not exist',
          'KMS.AccessDeniedException',
        ],
      ],
      [
        'key-unusable',
        /enable/,
        [
          400,
          'KmsDisabled',
          'The request was denied because the specified key is not enabled.',
          'KMS.DisabledException',
        ],
      ],
      [
        'refused',
        /words of AWS/,
        [400, 'InvalidMessageContents', 'The message contains characters outside the allowed set.'],
      ],
      ...credentials,
    ],
  },
  DynamoDB: {
    call: 'dynamodb:UpdateItem the table "queue"',
    answer: jsonError,
    stories: [
      [
        'denied',
        /grantOperate/,
        [
          400,
          'AccessDeniedException',
          refusal('dynamodb:UpdateItem', 'arn:aws:dynamodb:eu-central-1:123456789012:table/queue'),
        ],
      ],
      ['missing', /region eu-central-1/, [400, 'ResourceNotFoundException', 'Requested resource not found']],
      [
        'throttled',
        /operating\.md/,
        [
          400,
          'ProvisionedThroughputExceededException',
          'The level of configured provisioned throughput for the table was exceeded.',
        ],
      ],
      [
        'throttled',
        /operating\.md/,
        [400, 'RequestLimitExceeded', 'Throughput exceeds the current throughput limit for your account.'],
      ],
      [
        'key-denied',
        /grant kms:Decrypt on arn:aws:kms/,
        [400, 'AccessDeniedException', `KMS key access denied: ${refusal('kms:Decrypt', kmsKey)}`],
      ],
      ['refused', /words of AWS/, [400, 'ValidationException', 'Item size has exceeded the maximum allowed size']],
      ...jsonCredentials,
    ],
  },
  SNS: {
    call: `sns:Publish the topic "${topic}"`,
    answer: queryError,
    stories: [
      ['denied', /policy of the topic/, [403, 'AuthorizationError', refusal('SNS:Publish', topic)]],
      ['missing', /check its name/, [404, 'NotFound', 'Topic does not exist']],
      ['throttled', /quota/, [400, 'Throttling', 'Rate exceeded']],
      [
        'key-denied',
        /grant kms:GenerateDataKey and kms:Decrypt/,
        [400, 'KMSAccessDenied', 'The ciphertext references a key that you do not have access to.'],
      ],
      ['key-unusable', /enable/, [400, 'KMSDisabled', `${kmsKey} is disabled.`]],
      ...credentials,
    ],
  },
  'Secrets Manager': {
    call: 'secretsmanager:GetSecretValue the secret "lmtp/mail"',
    answer: jsonError,
    stories: [
      [
        'denied',
        /policy of the secret/,
        [400, 'AccessDeniedException', refusal('secretsmanager:GetSecretValue', 'lmtp/mail')],
      ],
      [
        'missing',
        /stage of its version/,
        [400, 'ResourceNotFoundException', "Secrets Manager can't find the specified secret."],
      ],
      ['throttled', /quota/, [400, 'ThrottlingException', 'Rate exceeded']],
      ['key-denied', /grant kms:Decrypt/, [400, 'AccessDeniedException', 'Access to KMS is not allowed']],
      [
        'key-denied',
        /grant kms:Decrypt/,
        [
          400,
          'DecryptionFailure',
          "Secrets Manager can't decrypt the protected secret text using the provided KMS key.",
        ],
      ],
      [
        'refused',
        /words of AWS/,
        [
          400,
          'InvalidRequestException',
          'You tried to perform the operation on a secret that is currently marked deleted.',
        ],
      ],
      ...jsonCredentials,
    ],
  },
  CloudFormation: {
    call: 'cloudformation:DescribeStacks the stack "Mail"',
    answer: queryError,
    stories: [
      [
        'denied',
        /grant cloudformation:DescribeStacks/,
        [
          403,
          'AccessDenied',
          refusal('cloudformation:DescribeStacks', 'arn:aws:cloudformation:eu-central-1:123456789012:stack/Mail/*'),
        ],
      ],
      ['missing', /--stack/, [400, 'ValidationError', 'Stack with id Mail does not exist']],
      ['throttled', /quota/, [400, 'Throttling', 'Rate exceeded']],
      ...credentials,
    ],
  },
  'CloudWatch Logs': {
    call: 'logs:FilterLogEvents the log group "/aws/lambda/lmtp"',
    answer: jsonError,
    stories: [
      ['denied', /grantObserve/, [400, 'AccessDeniedException', refusal('logs:FilterLogEvents', '/aws/lambda/lmtp')]],
      ['missing', /check its name/, [400, 'ResourceNotFoundException', 'The specified log group does not exist.']],
      ['throttled', /quota/, [400, 'ThrottlingException', 'Rate exceeded']],
      [
        'key-denied',
        /grant kms:Decrypt/,
        [400, 'AccessDeniedException', 'The specified KMS key does not allow to be used'],
      ],
      ...jsonCredentials,
    ],
  },
  Lambda: {
    call: 'lambda:InvokeFunction the function "Mail-check"',
    answer: lambdaError,
    stories: [
      ['denied', /grantOperate/, [403, 'AccessDeniedException', refusal('lambda:InvokeFunction', 'Mail-check')]],
      [
        'missing',
        /CheckFunctionName/,
        [
          404,
          'ResourceNotFoundException',
          'Function not found: arn:aws:lambda:eu-central-1:123456789012:function:Mail-check',
        ],
      ],
      ['throttled', /concurrency/, [429, 'TooManyRequestsException', 'Rate Exceeded.']],
      [
        'key-denied',
        /grant kms:Decrypt/,
        [
          502,
          'KMSAccessDeniedException',
          'Lambda was unable to decrypt the environment variables because KMS access was denied.',
        ],
      ],
      [
        'key-unusable',
        /enable/,
        [
          502,
          'KMSDisabledException',
          'Lambda was unable to decrypt the environment variables because the KMS key used is disabled.',
        ],
      ],
      [
        'failed',
        /temporary/,
        [502, 'EC2UnexpectedException', 'Lambda received an unexpected Amazon EC2 client exception.'],
      ],
      ...jsonCredentials,
    ],
  },
  STS: {
    call: 'sts:GetCallerIdentity ',
    answer: queryError,
    stories: [
      ['denied', /policy of the organisation/, [403, 'AccessDenied', refusal('sts:GetCallerIdentity', '*')]],
      ['throttled', /quota/, [400, 'Throttling', 'Rate exceeded']],
      ...credentials,
    ],
  },
  SES: {
    call: 'ses:SendRawEmail the verified sender "bounces@example.com"',
    answer: queryError,
    stories: [
      [
        'denied',
        /verified the address/,
        [
          403,
          'AccessDenied',
          refusal('ses:SendRawEmail', 'arn:aws:ses:eu-central-1:123456789012:identity/example.com'),
        ],
      ],
      ['throttled', /sending rate/, [400, 'Throttling', 'Maximum sending rate exceeded.']],
      ['refused', /words of AWS/, [400, 'MessageRejected', 'Email address is not verified.']],
      ...credentials,
    ],
  },
};
