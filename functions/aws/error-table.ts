/**
 * The words for errors of AWS, by kind and service: what happened, and what the operator can do. One table, from which
 * functions, the command line and docs/troubleshooting.md take them.
 *
 * `{action}` is the action of IAM, `{on}` its resource with a leading "on", `{resource}` the resource alone, `{service}`
 * the name of the service, `{region}` the region of the client, `{key}` the KMS key, `{keyAction}` the action that the
 * key must allow.
 */

import type { ErrorKind } from './error-kinds.ts';
import type { AwsService } from './settings.ts';

/** The words of a kind, or of a kind at one service. */
interface Words {
  /** What happened. */
  readonly says: string;
  /** What to do. */
  readonly remedy: string;
}

/** A kind of error. */
export interface Meaning extends Words {
  /** Whether the same call may succeed later without a change by an operator. */
  readonly isTemporary: boolean;
  /** Where a service differs. */
  readonly at?: Readonly<Partial<Record<AwsService, Partial<Words>>>>;
}

/** The names of the services. */
export const serviceNames: Readonly<Record<AwsService, string>> = {
  CLOUDFORMATION: 'CloudFormation',
  CLOUDWATCH_LOGS: 'CloudWatch Logs',
  DYNAMODB: 'DynamoDB',
  LAMBDA: 'Lambda',
  S3: 'S3',
  SECRETS_MANAGER: 'Secrets Manager',
  SES: 'SES',
  SNS: 'SNS',
  SQS: 'SQS',
  STS: 'STS',
};

const operatorGrant = 'grant {action}, as delivery.grantOperate(role) or delivery.grantObserve(role) does';

/** All kinds, in the order of the document. */
export const meanings: Readonly<Record<ErrorKind, Meaning>> = {
  denied: {
    isTemporary: false,
    says: '{action} {on} is denied',
    remedy: 'grant {action} {on} to the role that makes the call, and see that no policy denies it',
    at: {
      CLOUDWATCH_LOGS: { remedy: operatorGrant },
      DYNAMODB: {
        remedy:
          'grant {action} {on} and on its indexes to the role that makes the call; operators: delivery.grantOperate(role)',
      },
      LAMBDA: { remedy: operatorGrant },
      S3: {
        remedy:
          'grant {action} {on} in the role and in the policy of the bucket; S3 says the same about a bucket of another account, and about an object that does not exist where s3:ListBucket is not granted',
      },
      SECRETS_MANAGER: {
        remedy: 'grant {action} {on} in the role, and in the policy of the secret if another account owns it',
      },
      SES: { remedy: 'grant {action} {on} to the role, and see that SES has verified the address or its domain' },
      SNS: { remedy: 'grant {action} {on} in the role or in the policy of the topic' },
      SQS: { remedy: 'grant {action} {on} in the role or in the policy of the queue' },
      STS: { remedy: 'a policy of the organisation may deny it: see the administrator' },
    },
  },
  'key-denied': {
    isTemporary: false,
    says: '{action} {on} is denied, because its KMS key may not be used',
    remedy: 'grant {keyAction} on {key} in the role and in the policy of the key',
  },
  'key-unusable': {
    isTemporary: false,
    says: '{action} {on} failed, because its KMS key cannot be used',
    remedy: 'enable {key}, or cancel its deletion; if it is gone, what it encrypted is lost',
  },
  missing: {
    isTemporary: false,
    says: '{action} failed, because {resource} does not exist in the region {region}',
    remedy: 'check its name, the region (AWS_REGION) and the account',
    at: {
      S3: {
        says: '{action} failed, because {resource} does not exist',
        remedy: 'check the names of bucket and object',
      },
      SECRETS_MANAGER: { remedy: 'check its name, the stage of its version, the region and the account' },
      LAMBDA: {
        remedy: 'use the output CheckFunctionName of the stack; check the region (AWS_REGION) and the account',
      },
      CLOUDFORMATION: { remedy: '--stack NAME names another stack, AWS_REGION another region' },
    },
  },
  region: {
    isTemporary: false,
    says: '{action} failed, because {resource} is in another region than {region}',
    remedy: 'set AWS_REGION to its region, or use a resource in this one',
    at: {
      STS: {
        says: '{action} is refused, because the credentials are not valid in the region {region}',
        remedy: 'set AWS_REGION',
      },
    },
  },
  'no-region': {
    isTemporary: false,
    says: '{action} {on} was not called, because no valid AWS region is set',
    remedy: 'set AWS_REGION, such as eu-central-1, or the region of the profile',
  },
  'no-credentials': {
    isTemporary: false,
    says: '{action} {on} was not called, because no AWS credentials were found',
    remedy: 'set AWS_PROFILE, or log in, such as with aws sso login',
  },
  expired: {
    isTemporary: false,
    says: '{action} {on} is refused, because the AWS credentials have expired',
    remedy: 'log in again, such as with aws sso login; a function gets new ones by itself',
  },
  rejected: {
    isTemporary: false,
    says: '{action} {on} is refused, because AWS does not accept the credentials or the signature',
    remedy:
      'check the access key and its secret (AWS_PROFILE, AWS_ACCESS_KEY_ID), and that the account uses this service',
  },
  clock: {
    isTemporary: false,
    says: '{action} {on} is refused, because the clock of this machine differs from that of AWS',
    remedy: 'set the clock, such as by NTP',
  },
  throttled: {
    isTemporary: true,
    says: '{service} throttles {action} {on}',
    remedy: 'it is temporary; if it lasts, raise the quota of the account',
    at: {
      DYNAMODB: { remedy: 'it is temporary; if it lasts, see "The queue table is throttled" in operating.md' },
      S3: { remedy: 'it is temporary; S3 serves a prefix better after some minutes of load' },
      LAMBDA: { remedy: 'it is temporary; if it lasts, raise the concurrency of the function or of the account' },
      SES: { remedy: 'it is temporary; if it lasts, raise the sending rate of the account' },
    },
  },
  failed: {
    isTemporary: true,
    says: '{service} failed at {action} {on}',
    remedy: 'it is temporary; if it lasts, see the AWS Health Dashboard',
  },
  unreachable: {
    isTemporary: true,
    says: '{service} gave no whole answer to {action} {on}',
    remedy:
      'it is temporary if the network is; in a VPC check the endpoint of {service}, its security group and the routes; a mistyped region or endpoint is a host that does not exist',
  },
  unreadable: {
    isTemporary: true,
    says: 'the answer to {action} {on} is none of {service}',
    remedy: 'a proxy may have answered: check the endpoint (AWS_ENDPOINT_URL), HTTPS_PROXY and the network',
  },
  refused: {
    isTemporary: false,
    says: '{service} does not accept {action} {on}',
    remedy: 'see the words of AWS',
  },
};

/** What the words are filled with. */
export type Blanks = Readonly<Record<'action' | 'resource' | 'service' | 'region' | 'key' | 'keyAction', string>>;

/** Returns the words of a kind at a service, with blanks. */
export function wordsOf(kind: ErrorKind, service: AwsService): Words {
  const { says, remedy, at = {} } = meanings[kind];
  return { says, remedy, ...at[service] };
}

/** Returns a sentence: what happened, and what to do. */
export function sentenceOf(kind: ErrorKind, service: AwsService, blanks: Blanks): string {
  const { says, remedy } = wordsOf(kind, service);
  return `${fill(says, blanks)}: ${fill(remedy, blanks)}`;
}

function fill(words: string, blanks: Blanks): string {
  const values: Readonly<Record<string, string>> = {
    ...blanks,
    resource: blanks.resource || `the resource of ${blanks.action}`,
    on: blanks.resource && `on ${blanks.resource}`,
  };
  return words.replaceAll(/ ?\{(\w+)\}/g, (blank, name: string) => {
    const value = values[name] ?? '';
    return value === '' ? '' : `${blank.startsWith(' ') ? ' ' : ''}${value}`;
  });
}
