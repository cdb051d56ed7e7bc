import { CfnOutput, type Stack } from 'aws-cdk-lib';
import { deliveryLogsOutput, settingsOutput } from '../../functions/operator/settings.ts';
import type { LmtpDelivery } from './lmtp-delivery.ts';

/**
 * What a stack tells its users, under names that are fixed: scripts and the command line read them.
 *
 * @param transport whose they are, where another has the plain names: it stands before each of its own (`MailmanQueueTableName`)
 */
export function writeOutputs(
  stack: Stack,
  { queues, topics, stores, functions, dashboard, operatorSettings }: LmtpDelivery,
  transport?: string,
): void {
  const prefix = transport === undefined ? '' : outputPrefix(transport);
  const outputs = {
    IncomingQueueUrl: queues.incoming.queueUrl,
    ActiveQueueUrl: queues.active.queueUrl,
    DeferredQueueUrl: queues.deferred.queueUrl,
    CorruptQueueUrl: queues.corrupt.queueUrl,
    BounceQueueUrl: queues.bounce.queueUrl,
    BounceTopicArn: topics.bounce.topicArn,
    NoticeTopicArn: topics.notice.topicArn,
    AlarmTopicArn: topics.alarm.topicArn,
    MessageBucketName: stores.messageBucket.bucketName,
    QueueTableName: stores.queueTable.tableName,
    CheckFunctionName: functions.check.functionName,
    DashboardUrl: dashboard.url,
    [deliveryLogsOutput]: (['qmgr', 'lmtp', 'sweep'] as const)
      .map((name) => `${name}=${functions[name].logGroup.logGroupName}`)
      .join(' '),
    [settingsOutput]: stack.toJsonString(operatorSettings),
  };
  for (const [name, value] of Object.entries(outputs)) new CfnOutput(stack, `${prefix}${name}`, { value });
}

/** Outputs have letters and digits alone: `old-lists` is `OldLists`. */
export function outputPrefix(transport: string): string {
  return transport.replaceAll(/(?:^|-+)([a-z0-9]?)/g, (_, first: string) => first.toUpperCase());
}
