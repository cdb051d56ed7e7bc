/**
 * A topic's words into a queue, as they were said.
 *
 * The CDK's own subscription also names the topic in the policy of the queue's key. A topic under the same key could then not be
 * made: each would wait for the other. What the key must say is in encryption.ts.
 */
import { ArnFormat, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { type ITopic, Subscription, SubscriptionProtocol, Topic } from 'aws-cdk-lib/aws-sns';
import type { IQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';

/**
 * Lets a topic, and no other, send to a queue.
 *
 * @param deadLetterQueue where goes what cannot be put into the queue
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

/** A topic from elsewhere may be of another region. */
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
