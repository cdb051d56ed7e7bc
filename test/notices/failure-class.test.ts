import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ProvisionedThroughputExceededException } from '@aws-sdk/client-dynamodb';
import { SQSServiceException } from '@aws-sdk/client-sqs';
import { failureClass } from '../../functions/notices/failure-class.ts';

const $metadata = { httpStatusCode: 400 };
const service = (name: string, httpStatusCode: number) =>
  new SQSServiceException({ name, $fault: 'server', message: 'x', $metadata: { httpStatusCode } });
const coded = (code: string) => Object.assign(new Error('x'), { code });

describe('short of something is', () => {
  const failures: Readonly<Record<string, unknown>> = {
    'a table that is throttled': new ProvisionedThroughputExceededException({ message: 'x', $metadata }),
    'a queue that is throttled': service('ThrottlingException', 400),
    'a service in trouble': service('SomethingBroke', 503),
    'a connection that is refused': coded('ECONNREFUSED'),
    'a disk that is full': coded('ENOSPC'),
    'an answer that did not come': Object.assign(new Error('x'), { name: 'TimeoutError' }),
  };
  for (const [name, error] of Object.entries(failures)) {
    test(name, () => assert.equal(failureClass(error), 'resource'));
  }
});

describe('a fault is', () => {
  const failures: Readonly<Record<string, unknown>> = {
    'a bug': new TypeError('undefined is not a function'),
    'a permission that is missing': service('AccessDeniedException', 403),
    'a queue that is not there': service('QueueDoesNotExist', 400),
    'whatever else is thrown': 'words',
  };
  for (const [name, error] of Object.entries(failures)) {
    test(name, () => assert.equal(failureClass(error), 'software'));
  }
});
