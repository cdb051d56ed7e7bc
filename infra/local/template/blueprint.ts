/**
 * The resources of a template that the local stack builds: queues, topics, buckets, tables, functions, and their triggers.
 *
 * Every resource type and property is either supported, skipped with a reason (`passed-over.ts`), or an error: none is ignored
 * silently.
 */
import type { SynthesizedStack, TemplateResource } from './assembly.ts';
import { readFunction } from './function-plan.ts';
import { type Place, referencesOf } from './identities.ts';
import { type References, resolveText, resolveValue, TemplateError } from './intrinsics.ts';
import { passedOver, unlikeTheTemplate } from './passed-over.ts';
import type { Blueprint, MappingPlan, QueuePlan, SchedulePlan, SubscriptionPlan, TablePlan } from './plans.ts';
import { Properties } from './properties.ts';

/**
 * Returns the resources of a stack.
 *
 * @throws TemplateError with the resource that cannot be built here
 */
export function readBlueprint({ template, name, assetFolder }: SynthesizedStack, place: Place): Blueprint {
  const references = referencesOf(template, place);
  const unlike: string[] = [];
  const ofType = <T>(type: string, read: (common: Common, properties: Properties) => T): T[] =>
    Object.entries(template.Resources)
      .filter(([, { Type }]) => Type === type)
      .map(([logicalId, resource]) => {
        const properties = new Properties(logicalId, resource, references);
        const plan = read({ logicalId, path: pathOf(resource, logicalId, name), references }, properties);
        properties.requireAllRead();
        return plan;
      });
  for (const [logicalId, { Type }] of Object.entries(template.Resources)) {
    if (understood.includes(Type) || passedOver(Type)) continue;
    throw new TemplateError(`resource ${logicalId}: the local stack does not support its type ${Type}`);
  }
  const outputs = Object.entries(template.Outputs ?? {}).flatMap(([output, { Value }]): [string, string][] => [
    [output, resolveText(Value, references)],
  ]);
  const rules = ofType('AWS::Events::Rule', readRule);
  unlike.push(...rules.flatMap(({ unlike: words }) => words), ...unlikeTheTemplate(template));
  return {
    queues: ofType('AWS::SQS::Queue', readQueue),
    topics: ofType('AWS::SNS::Topic', ({ logicalId, path }, properties) => {
      properties.passOver('KmsMasterKeyId', 'DisplayName', 'TopicName', 'Tags', 'SignatureVersion', 'TracingConfig');
      return { logicalId, path, name: references.attribute(logicalId, 'TopicName'), arn: references.ref(logicalId) };
    }),
    subscriptions: ofType('AWS::SNS::Subscription', readSubscription),
    buckets: ofType('AWS::S3::Bucket', ({ logicalId, path }, properties) => {
      const versioning = properties.object('VersioningConfiguration');
      properties.passOver('BucketEncryption', 'LifecycleConfiguration', 'PublicAccessBlockConfiguration', 'BucketName');
      properties.passOver('LoggingConfiguration', 'NotificationConfiguration', 'OwnershipControls', 'Tags');
      return { logicalId, path, name: references.ref(logicalId), versioned: versioning['Status'] === 'Enabled' };
    }),
    tables: [...ofType('AWS::DynamoDB::GlobalTable', readTable), ...ofType('AWS::DynamoDB::Table', readTable)],
    functions: ofType('AWS::Lambda::Function', (common, properties) => readFunction(common, properties, assetFolder)),
    mappings: ofType('AWS::Lambda::EventSourceMapping', readMapping),
    schedules: rules.flatMap(({ schedules }) => schedules),
    outputs: Object.fromEntries(outputs),
    unlike,
  };
}

const understood = [
  'AWS::SQS::Queue',
  'AWS::SNS::Topic',
  'AWS::SNS::Subscription',
  'AWS::S3::Bucket',
  'AWS::DynamoDB::GlobalTable',
  'AWS::DynamoDB::Table',
  'AWS::Lambda::Function',
  'AWS::Lambda::EventSourceMapping',
  'AWS::Events::Rule',
];

/** What every reader of a resource needs. */
export interface Common {
  readonly logicalId: string;
  readonly path: string;
  readonly references: References;
}

/** `Delivery/Queues/Active` of the metadata `LambdaLmtp/Delivery/Queues/Active/Resource`. */
function pathOf({ Metadata = {} }: TemplateResource, logicalId: string, stackName: string): string {
  const path = Metadata['aws:cdk:path'];
  if (typeof path !== 'string') return logicalId;
  return path.replace(new RegExp(`^${RegExp.escape(stackName)}/`), '').replace(/\/Resource$/, '');
}

function readQueue({ logicalId, path, references }: Common, properties: Properties): QueuePlan {
  const attributes: Record<string, string> = {};
  const supported = [
    'FifoQueue',
    'DeduplicationScope',
    'FifoThroughputLimit',
    'ContentBasedDeduplication',
    'DelaySeconds',
  ];
  for (const name of [...supported, 'MessageRetentionPeriod', 'VisibilityTimeout', 'ReceiveMessageWaitTimeSeconds']) {
    const value = properties.optional(name);
    if (value !== undefined) attributes[name] = resolveText(value, references);
  }
  const redrive = properties.optional('RedrivePolicy');
  if (redrive !== undefined) attributes['RedrivePolicy'] = JSON.stringify(redrive);
  properties.passOver('QueueName', 'SqsManagedSseEnabled', 'KmsMasterKeyId', 'KmsDataKeyReusePeriodSeconds', 'Tags');
  properties.passOver('RedriveAllowPolicy');
  return {
    logicalId,
    path,
    name: references.attribute(logicalId, 'QueueName'),
    url: references.ref(logicalId),
    arn: references.attribute(logicalId, 'Arn'),
    attributes,
  };
}

function readSubscription({ logicalId }: Common, properties: Properties): SubscriptionPlan {
  const protocol = properties.text('Protocol');
  if (protocol !== 'sqs') throw new TemplateError(`${logicalId}: subscriptions by ${protocol} are not supported here`);
  properties.passOver('RedrivePolicy', 'Region');
  const raw = properties.optional('RawMessageDelivery');
  return {
    topicArn: properties.text('TopicArn'),
    queueArn: properties.text('Endpoint'),
    attributes: { ...(raw !== undefined && { RawMessageDelivery: String(raw) }) },
  };
}

interface IndexProperties {
  readonly IndexName: string;
  readonly KeySchema: readonly object[];
  readonly Projection: object;
}

/** A global table has some properties per region; here there is one region. */
function readTable({ logicalId, path, references }: Common, properties: Properties): TablePlan {
  properties.passOver('BillingMode', 'Replicas', 'TimeToLiveSpecification', 'SSESpecification', 'Tags', 'TableName');
  properties.passOver('PointInTimeRecoverySpecification', 'DeletionProtectionEnabled', 'StreamSpecification');
  const indexes = (properties.optional('GlobalSecondaryIndexes') ?? []) as readonly IndexProperties[];
  return {
    logicalId,
    path,
    name: references.ref(logicalId),
    arn: references.attribute(logicalId, 'Arn'),
    definition: {
      AttributeDefinitions: properties.list('AttributeDefinitions'),
      KeySchema: properties.list('KeySchema'),
      GlobalSecondaryIndexes: indexes.map(({ IndexName, KeySchema, Projection }) => ({
        IndexName,
        KeySchema,
        Projection,
      })),
    },
  };
}

function readMapping({ logicalId }: Common, properties: Properties): MappingPlan {
  const window = properties.optional('MaximumBatchingWindowInSeconds') ?? 0;
  if (window !== 0) throw new TemplateError(`${logicalId}: batching windows are not supported here`);
  const types = properties.optional('FunctionResponseTypes') ?? [];
  const { MaximumConcurrency } = properties.object('ScalingConfig');
  properties.passOver('Tags', 'MetricsConfig');
  return {
    isEnabled: properties.optional('Enabled') !== false,
    queueArn: properties.text('EventSourceArn'),
    functionName: properties.text('FunctionName').split(':').at(-1) ?? '',
    batchSize: Number(properties.optional('BatchSize') ?? 10),
    maximumConcurrency: Number(MaximumConcurrency ?? 1000),
    partialResponses: Array.isArray(types) && types.includes('ReportBatchItemFailures'),
  };
}

function readRule(
  { logicalId, path, references }: Common,
  properties: Properties,
): { schedules: readonly SchedulePlan[]; unlike: readonly string[] } {
  properties.passOver('Description', 'Name', 'EventBusName', 'Tags');
  const pattern = properties.optional('EventPattern');
  const schedule = properties.optional('ScheduleExpression');
  const isEnabled = (properties.optional('State') ?? 'ENABLED') === 'ENABLED';
  const targets = properties.list('Targets') as readonly { readonly Arn: unknown }[];
  if (pattern !== undefined)
    return { schedules: [], unlike: [`${path}: events of other services are not delivered here`] };
  if (!isEnabled) return { schedules: [], unlike: [] };
  const interval = intervalOf(logicalId, resolveText(schedule, references));
  return {
    schedules: targets.map(({ Arn }) => ({
      interval,
      functionArn: resolveText(resolveValue(Arn, references), references),
    })),
    unlike: [],
  };
}

const units: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

function intervalOf(logicalId: string, expression: string): number {
  const [, count, unit = ''] = /^rate\((\d+) (\w+?)s?\)$/.exec(expression) ?? [];
  const milliseconds = units[unit];
  if (count !== undefined && milliseconds !== undefined) return Number(count) * milliseconds;
  throw new TemplateError(`${logicalId}: the schedule ${expression} is not supported here`);
}
