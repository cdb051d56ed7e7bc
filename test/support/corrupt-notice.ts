/**
 * Everything that the stack keeps of an unusable request: the notice in the corrupt queue, the copy in S3,
 * the item in the table.
 */
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import type { LocalStack } from '../../infra/local/stack.ts';
import { patience } from './story.ts';
import { waitUntil } from './wait-until.ts';

/** The three of them. */
export interface KeptRequest {
  readonly reason: string;
  readonly body: string;
  readonly copy: string;
  readonly item: Readonly<Record<string, unknown>>;
}

/** Waits for the notice with an id: that of the SQS message, or of the delivery. */
export async function awaitCorrupt(stack: LocalStack, id: string): Promise<KeptRequest> {
  const { MessageBucketName: Bucket, QueueTableName: TableName } = stack.outputs;
  const Key = `corrupt/${id}.json`;
  const look = () =>
    stack.inspectQueue('corrupt').ready.find(({ attributes }) => attributes['copy'] === `s3://${Bucket}/${Key}`);
  const notice = await waitUntil(`a notice of ${id}`, look, patience);
  const [{ Body }, { Item = {} }] = await Promise.all([
    stack.clients.s3.send(new GetObjectCommand({ Bucket, Key })),
    stack.clients.documents.send(new GetCommand({ TableName, Key: { id, delivery: 'corrupt' } })),
  ]);
  const copy = (await Body?.transformToString()) ?? '';
  return { reason: notice.attributes['reason'] ?? '', body: notice.body, copy, item: Item };
}
