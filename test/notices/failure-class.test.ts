import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ProvisionedThroughputExceededException } from '@aws-sdk/client-dynamodb';
import { SQSServiceException } from '@aws-sdk/client-sqs';
import { isTemporaryError } from '../../functions/aws/explained-errors.ts';
import { failureClass } from '../../functions/notices/failure-class.ts';

const $metadata = { httpStatusCode: 400 };
const service = (name: string, httpStatusCode: number) =>
  new SQSServiceException({ name, $fault: 'server', message: 'x', $metadata: { httpStatusCode } });
const coded = (code: string) => Object.assign(new Error('x'), { code });

describe('a resource shortage is', () => {
  const failures: Readonly<Record<string, unknown>> = {
    'a throttled table': new ProvisionedThroughputExceededException({ message: 'x', $metadata }),
    'a throttled queue': service('ThrottlingException', 400),
    'a failing service': service('SomethingBroke', 503),
    'a refused connection': coded('ECONNREFUSED'),
    'a full disk': coded('ENOSPC'),
    'a response that does not arrive': Object.assign(new Error('x'), { name: 'TimeoutError' }),
  };
  for (const [name, error] of Object.entries(failures)) {
    test(name, () => assert.equal(failureClass(error, isTemporaryError(error)), 'resource'));
  }
});

describe('a fault is', () => {
  const failures: Readonly<Record<string, unknown>> = {
    'a bug': new TypeError('undefined is not a function'),
    'a missing permission': service('AccessDeniedException', 403),
    'a missing queue': service('QueueDoesNotExist', 400),
    'any other exception': 'words',
  };
  for (const [name, error] of Object.entries(failures)) {
    test(name, () => assert.equal(failureClass(error, isTemporaryError(error)), 'software'));
  }
});
