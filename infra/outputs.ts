import { CfnOutput, type Stack } from 'aws-cdk-lib';
import { settingsOutput } from '../functions/operator/settings.ts';
import type { LmtpDelivery } from './lmtp-delivery.ts';

/** What a stack tells its users, under names that are fixed: scripts and the command line read them. */
export function writeOutputs(
  stack: Stack,
  { queues, topics, stores, functions, dashboard, operatorSettings }: LmtpDelivery,
): void {
  const outputs = {
    IncomingQueueUrl: queues.incoming.queueUrl,
    ActiveQueueUrl: queues.active.queueUrl,
    DeferredQueueUrl: queues.deferred.queueUrl,
    CorruptQueueUrl: queues.corrupt.queueUrl,
    BounceQueueUrl: queues.bounce.queueUrl,
    BounceTopicArn: topics.bounce.topicArn,
    NoticeTopicArn: topics.notice.topicArn,
    MessageBucketName: stores.messageBucket.bucketName,
    QueueTableName: stores.queueTable.tableName,
    CheckFunctionName: functions.check.functionName,
    DashboardUrl: dashboard.url,
    [settingsOutput]: stack.toJsonString(operatorSettings),
  };
  for (const [name, value] of Object.entries(outputs)) new CfnOutput(stack, name, { value });
}
