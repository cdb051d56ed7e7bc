import { CfnOutput, type Stack } from 'aws-cdk-lib';
import type { LmtpDelivery } from './lmtp-delivery.ts';

/** What a stack tells its users, under names that are fixed: scripts and the command line read them. */
export function writeOutputs(stack: Stack, { queues, topics, stores, functions, dashboard }: LmtpDelivery): void {
  const outputs = {
    IncomingQueueUrl: queues.incoming.queueUrl,
    ActiveQueueUrl: queues.active.queueUrl,
    DeferredQueueUrl: queues.deferred.queueUrl,
    CorruptQueueUrl: queues.corrupt.queueUrl,
    BounceTopicArn: topics.bounce.topicArn,
    NoticeTopicArn: topics.notice.topicArn,
    MessageBucketName: stores.messageBucket.bucketName,
    QueueTableName: stores.queueTable.tableName,
    CheckFunctionName: functions.check.functionName,
    DashboardUrl: dashboard.url,
  };
  for (const [name, value] of Object.entries(outputs)) new CfnOutput(stack, name, { value });
}
