/**
 * Subscribes a queue to a topic, with raw messages.
 *
 * The CDK's subscription also names the topic in the policy of the queue's key. With a topic under the same key this is a circular
 * dependency. encryption.ts has the statements of the key policy.
 */
import { ArnFormat, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { type ITopic, Subscription, SubscriptionProtocol, Topic } from 'aws-cdk-lib/aws-sns';
import type { IQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';

/**
 * Lets one topic send to a queue, and subscribes the queue.
 *
 * @param deadLetterQueue receives messages that SNS cannot send to the queue
 */
export function subscribe(
  scope: Construct,
  id: string,
  topic: Topic | ITopic,
  queue: Queue | IQueue,
  deadLetterQueue?: Queue | IQueue,
): void {
  letIn(queue, topic);
  new Subscription(scope, id, {
    topic: topic as ITopic,
    protocol: SubscriptionProtocol.SQS,
    endpoint: queue.queueArn,
    rawMessageDelivery: true,
    ...regionOf(scope, topic),
    ...(deadLetterQueue === undefined ? {} : { deadLetterQueue: deadLetterQueue as IQueue }),
  });
}

/** An imported topic may be in another region. */
function regionOf(scope: Construct, topic: Topic | ITopic): { region?: string } {
  if (topic instanceof Topic) return {};
  const { region } = Stack.of(scope).splitArn(topic.topicArn, ArnFormat.NO_RESOURCE_NAME);
  return region === undefined ? {} : { region };
}

function letIn(queue: Queue | IQueue, { topicArn }: Topic | ITopic): void {
  queue.addToResourcePolicy(
    new PolicyStatement({
      principals: [new ServicePrincipal('sns.amazonaws.com')],
      actions: ['sqs:SendMessage'],
      resources: [queue.queueArn],
      conditions: { ArnEquals: { 'aws:SourceArn': topicArn } },
    }),
  );
}
