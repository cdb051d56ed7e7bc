import { CfnOutput, type Stack } from 'aws-cdk-lib';
import { deliveryLogsOutput, settingsOutput } from '../../functions/operator/settings.ts';
import type { LmtpDelivery } from './lmtp-delivery.ts';

/**
 * Writes the outputs of a transport. Their names are fixed: scripts and the command line read them.
 *
 * @param transport prefix of the names (`MailmanQueueTableName`); absent for the first transport, which has no prefix
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

/** Returns the prefix for a transport. Names of outputs have only letters and digits: `old-lists` becomes `OldLists`. */
export function outputPrefix(transport: string): string {
  return transport.replaceAll(/(?:^|-+)([a-z0-9]?)/g, (_, first: string) => first.toUpperCase());
}
