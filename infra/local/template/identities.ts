/**
 * The identities of a template's resources after deployment: names as CloudFormation generates them, ARNs, and the values of Ref and
 * Fn::GetAtt for each type (CloudFormation reference, "Return values").
 */
import type { Template, TemplateResource } from './assembly.ts';
import { type References, resolveText, TemplateError } from './intrinsics.ts';

/** The target of a deployment. */
export interface Place {
  readonly account: string;
  readonly region: string;
  readonly stackName: string;
  /** The beginning of queue URLs: scheme, host and port. */
  readonly queueEndpoint: string;
}

interface Named {
  readonly name: string;
  readonly place: Place;
  readonly arn: (service: string, resource: string) => string;
}

interface Identity {
  /** The property with the name; CloudFormation generates one without it. */
  readonly nameProperty?: string;
  /** The required suffix. */
  readonly suffix?: (properties: Readonly<Record<string, unknown>>) => string;
  readonly isLowerCase?: true;
  /** The most characters of a name. */
  readonly longest: number;
  readonly ref: (named: Named) => string;
  readonly attributes?: Readonly<Record<string, (named: Named) => string>>;
}

const byName = ({ name }: Named) => name;
const table: Identity = {
  nameProperty: 'TableName',
  longest: 255,
  ref: byName,
  attributes: { Arn: ({ arn, name }) => arn('dynamodb', `table/${name}`) },
};
const alarm: Identity = {
  nameProperty: 'AlarmName',
  longest: 255,
  ref: byName,
  attributes: { Arn: ({ arn, name }) => arn('cloudwatch', `alarm:${name}`) },
};

const identities: Readonly<Record<string, Identity>> = {
  'AWS::SQS::Queue': {
    nameProperty: 'QueueName',
    suffix: ({ FifoQueue }) => (FifoQueue === true ? '.fifo' : ''),
    longest: 80,
    ref: queueUrl,
    attributes: { Arn: ({ arn, name }) => arn('sqs', name), QueueName: byName, QueueUrl: queueUrl },
  },
  'AWS::SNS::Topic': {
    nameProperty: 'TopicName',
    longest: 256,
    ref: ({ arn, name }) => arn('sns', name),
    attributes: { TopicArn: ({ arn, name }) => arn('sns', name), TopicName: byName },
  },
  'AWS::S3::Bucket': {
    nameProperty: 'BucketName',
    isLowerCase: true,
    longest: 63,
    ref: byName,
    attributes: { Arn: ({ name }) => `arn:aws:s3:::${name}` },
  },
  'AWS::DynamoDB::GlobalTable': table,
  'AWS::DynamoDB::Table': table,
  'AWS::Lambda::Function': {
    nameProperty: 'FunctionName',
    longest: 64,
    ref: byName,
    attributes: { Arn: ({ arn, name }) => arn('lambda', `function:${name}`) },
  },
  'AWS::IAM::Role': {
    nameProperty: 'RoleName',
    longest: 64,
    ref: byName,
    attributes: { Arn: ({ place, name }) => `arn:aws:iam::${place.account}:role/${name}` },
  },
  'AWS::Logs::LogGroup': {
    nameProperty: 'LogGroupName',
    longest: 512,
    ref: byName,
    attributes: { Arn: ({ arn, name }) => arn('logs', `log-group:${name}:*`) },
  },
  'AWS::SecretsManager::Secret': {
    nameProperty: 'Name',
    longest: 512,
    ref: ({ arn, name }) => arn('secretsmanager', `secret:${name}-AbCdEf`),
    attributes: { Id: ({ arn, name }) => arn('secretsmanager', `secret:${name}-AbCdEf`) },
  },
  'AWS::KMS::Key': {
    longest: 64,
    ref: byName,
    attributes: { Arn: ({ arn, name }) => arn('kms', `key/${name}`), KeyId: byName },
  },
  'AWS::Events::Rule': {
    nameProperty: 'Name',
    longest: 64,
    ref: byName,
    attributes: { Arn: ({ arn, name }) => arn('events', `rule/${name}`) },
  },
  'AWS::CloudWatch::Dashboard': { nameProperty: 'DashboardName', longest: 255, ref: byName },
  'AWS::CloudWatch::Alarm': alarm,
  'AWS::CloudWatch::CompositeAlarm': alarm,
  'AWS::Logs::QueryDefinition': { longest: 255, ref: byName, attributes: { QueryDefinitionId: byName } },
  'AWS::EC2::SecurityGroup': { longest: 255, ref: byName, attributes: { GroupId: byName } },
};

function queueUrl({ place, name }: Named): string {
  return `${place.queueEndpoint}/${place.account}/${name}`;
}

/** Stands for the twelve random characters at the end of names that CloudFormation generates. */
const madeUp = 'LOCALLOCALLO';

/** Returns the references of a template, as if it were deployed to a place. */
export function referencesOf(template: Template, place: Place): References {
  const pseudo: Readonly<Record<string, string>> = {
    'AWS::AccountId': place.account,
    'AWS::Region': place.region,
    'AWS::Partition': 'aws',
    'AWS::URLSuffix': 'amazonaws.com',
    'AWS::StackName': place.stackName,
    'AWS::StackId': `arn:aws:cloudformation:${place.region}:${place.account}:stack/${place.stackName}/local`,
  };
  const references: References = {
    ref: (name) => {
      const value = pseudo[name];
      if (value !== undefined) return value;
      const { identity, named } = find(name, 'Ref');
      return identity.ref(named);
    },
    attribute: (logicalId, attribute) => {
      const { identity, named, type } = find(logicalId, 'Fn::GetAtt');
      const value = identity.attributes?.[attribute]?.(named);
      if (value !== undefined) return value;
      throw new TemplateError(`Fn::GetAtt of ${logicalId} (${type}): the attribute ${attribute} is not known here`);
    },
  };
  const find = (logicalId: string, asked: string) => {
    const resource = template.Resources[logicalId];
    if (resource === undefined) throw new TemplateError(`${asked} of ${logicalId}: there is no such resource`);
    const identity = identities[resource.Type];
    if (identity === undefined)
      throw new TemplateError(`${asked} of ${logicalId} (${resource.Type}) is not known here`);
    const name = nameOf(logicalId, resource, identity, place, references);
    const arn = (service: string, what: string) => `arn:aws:${service}:${place.region}:${place.account}:${what}`;
    return { identity, type: resource.Type, named: { name, place, arn } };
  };
  return references;
}

/** The name of a resource: that of its property, or one as CloudFormation generates it. */
function nameOf(
  logicalId: string,
  { Properties = {} }: TemplateResource,
  { nameProperty, suffix, isLowerCase, longest }: Identity,
  { stackName }: Place,
  references: References,
): string {
  const given = nameProperty === undefined ? undefined : Properties[nameProperty];
  if (given !== undefined) return resolveText(given, references);
  const end = `-${madeUp}${suffix?.(Properties) ?? ''}`;
  const name = `${`${stackName}-${logicalId}`.slice(0, longest - end.length)}${end}`;
  return isLowerCase ? name.toLowerCase() : name;
}
