/** The calls of functions and commands, by what they need and of what, with the client that they have. */
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SESClient, SendBounceCommand, SendRawEmailCommand } from '@aws-sdk/client-ses';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { BatchGetCommand, GetCommand, PutCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { makeTableClient } from '../../functions/aws/clients.ts';
import { makeClient } from '../../functions/aws/make-client.ts';
import type { AwsSettings } from '../../functions/aws/settings.ts';

/** One call of a service, with the client that functions and commands have. */
export type Call = (aws: AwsSettings) => Promise<unknown>;

export const s3 = (aws: AwsSettings) => makeClient(S3Client, 'S3', { aws, more: { forcePathStyle: true } });
const table = (aws: AwsSettings) => makeTableClient(makeClient(DynamoDBClient, 'DYNAMODB', { aws }));
const sqs = (aws: AwsSettings) => makeClient(SQSClient, 'SQS', { aws, more: { useQueueUrlAsEndpoint: false } });
const part = (n: number) => ({ Bucket: 'mail', Key: `in/${n}.eml`, UploadId: 'u' });
export const object = { Bucket: 'mail', Key: 'in/x.eml' };
const QueueUrl = 'https://sqs.eu-central-1.amazonaws.com/123456789012/incoming';
export const topic = 'arn:aws:sns:eu-central-1:123456789012:bounce';
const key = { id: 'a', delivery: '0' };

/** The calls by what they need and of what; the first of each service is called with all its answers. */
export const calls = {
  's3:GetObject s3://mail/in/x.eml': (aws) => s3(aws).send(new GetObjectCommand(object)),
  's3:GetObjectVersion s3://mail/in/x.eml': (aws) => s3(aws).send(new GetObjectCommand({ ...object, VersionId: 'v1' })),
  's3:PutObject s3://mail/in/x.eml': (aws) => s3(aws).send(new PutObjectCommand({ ...object, Body: 'x' })),
  's3:PutObject s3://mail/in/1.eml': (aws) =>
    s3(aws).send(new CreateMultipartUploadCommand({ Bucket: 'mail', Key: 'in/1.eml' })),
  's3:PutObject s3://mail/in/2.eml': (aws) =>
    s3(aws).send(new UploadPartCommand({ ...part(2), PartNumber: 1, Body: 'x' })),
  's3:PutObject s3://mail/in/3.eml': (aws) => s3(aws).send(new CompleteMultipartUploadCommand(part(3))),
  's3:AbortMultipartUpload s3://mail/in/4.eml': (aws) => s3(aws).send(new AbortMultipartUploadCommand(part(4))),
  's3:GetObject s3://mail/in/5.eml': (aws) => s3(aws).send(new HeadObjectCommand({ Bucket: 'mail', Key: 'in/5.eml' })),
  's3:DeleteObject s3://mail/in/x.eml': (aws) => s3(aws).send(new DeleteObjectCommand(object)),
  'sqs:SendMessage the queue "incoming"': (aws) =>
    sqs(aws).send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' })),
  'sqs:DeleteMessage the queue "incoming"': (aws) =>
    sqs(aws).send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: 'r' })),
  'sqs:ChangeMessageVisibility the queue "incoming"': (aws) =>
    sqs(aws).send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle: 'r', VisibilityTimeout: 1 })),
  'sqs:GetQueueAttributes the queue "incoming"': (aws) => sqs(aws).send(new GetQueueAttributesCommand({ QueueUrl })),
  'sqs:GetQueueUrl the queue "incoming"': (aws) => sqs(aws).send(new GetQueueUrlCommand({ QueueName: 'incoming' })),
  'dynamodb:UpdateItem the table "queue"': (aws) =>
    table(aws).send(new UpdateCommand({ TableName: 'queue', Key: key })),
  'dynamodb:GetItem the table "queue"': (aws) => table(aws).send(new GetCommand({ TableName: 'queue', Key: key })),
  'dynamodb:PutItem the table "queue"': (aws) => table(aws).send(new PutCommand({ TableName: 'queue', Item: key })),
  'dynamodb:Query the table "queue"': (aws) => table(aws).send(new QueryCommand({ TableName: 'queue' })),
  'dynamodb:BatchGetItem the table "queue"': (aws) =>
    table(aws).send(new BatchGetCommand({ RequestItems: { queue: { Keys: [key] } } })),
  [`sns:Publish the topic "${topic}"`]: (aws) =>
    makeClient(SNSClient, 'SNS', { aws }).send(new PublishCommand({ TopicArn: topic, Message: 'x' })),
  'secretsmanager:GetSecretValue the secret "lmtp/mail"': (aws) =>
    makeClient(SecretsManagerClient, 'SECRETS_MANAGER', { aws }).send(
      new GetSecretValueCommand({ SecretId: 'lmtp/mail' }),
    ),
  'cloudformation:DescribeStacks the stack "Mail"': (aws) =>
    makeClient(CloudFormationClient, 'CLOUDFORMATION', { aws }).send(new DescribeStacksCommand({ StackName: 'Mail' })),
  'logs:FilterLogEvents the log group "/aws/lambda/lmtp"': (aws) =>
    makeClient(CloudWatchLogsClient, 'CLOUDWATCH_LOGS', { aws }).send(
      new FilterLogEventsCommand({ logGroupName: '/aws/lambda/lmtp' }),
    ),
  'lambda:InvokeFunction the function "Mail-check"': (aws) =>
    makeClient(LambdaClient, 'LAMBDA', { aws }).send(new InvokeCommand({ FunctionName: 'Mail-check' })),
  'sts:GetCallerIdentity ': (aws) => makeClient(STSClient, 'STS', { aws }).send(new GetCallerIdentityCommand()),
  'ses:SendRawEmail the verified sender "bounces@example.com"': (aws) =>
    makeClient(SESClient, 'SES', { aws }).send(
      new SendRawEmailCommand({ Source: 'bounces@example.com', RawMessage: { Data: Buffer.from('x') } }),
    ),
  'ses:SendBounce the verified sender "bounces@example.com"': (aws) =>
    makeClient(SESClient, 'SES', { aws }).send(
      new SendBounceCommand({
        OriginalMessageId: 'm',
        BounceSender: 'bounces@example.com',
        BouncedRecipientInfoList: [{ Recipient: 'a@example.org' }],
      }),
    ),
} as const satisfies Readonly<Record<string, Call>>;
