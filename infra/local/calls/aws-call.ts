/**
 * The IAM action and resource of a request. The tables below contain the operations of our functions, commands and triggers; any
 * other is an error.
 *
 * Sources: the Service Authorization Reference, each service's "Actions defined by", and for S3 the user guide's "Required
 * permissions for Amazon S3 API operations".
 */
import { queueTableSchema } from '../../../functions/queue/items/table-schema.ts';
import { type NeededPermission, type RecordedRequest, UnknownCallError } from './recorded-request.ts';
import { s3Permissions } from './s3-permissions.ts';

/** Region and account of the local services. */
export interface CallPlace {
  readonly account: string;
  readonly region: string;
}

type Reader = (request: RecordedRequest, place: CallPlace) => readonly NeededPermission[];

/**
 * Returns all permissions that a request needs; none for operations that need only credentials.
 *
 * @throws UnknownCallError if its operation is not in the tables
 */
export function readCall(request: RecordedRequest, place: CallPlace): readonly NeededPermission[] {
  const reader = services[request.service];
  if (reader === undefined) throw new UnknownCallError(request, 'its service is not known');
  return reader(request, place);
}

const services: Readonly<Record<string, Reader>> = {
  sqs: sqsPermissions,
  dynamodb: dynamodbPermissions,
  sns: snsPermissions,
  s3: s3Permissions,
  secretsmanager: secretPermissions,
  ses: sesPermissions,
  lambda: lambdaPermissions,
  logs: logsPermissions,
  sts: () => [], // GetCallerIdentity, the one operation of ours, needs no permission
};

function operationOf(request: RecordedRequest): string {
  const operation = String(request.headers['x-amz-target'] ?? '').split('.')[1];
  if (operation === undefined) throw new UnknownCallError(request, 'it names no operation');
  return operation;
}

function jsonOf(request: RecordedRequest): Readonly<Record<string, unknown>> {
  return JSON.parse(request.body || '{}') as Readonly<Record<string, unknown>>;
}

function needs(action: string, resource: string, context: Readonly<Record<string, string>> = {}): NeededPermission {
  return { action, resource, context };
}

/** The action of a batch operation is that of the single one. */
const queueActions: Readonly<Record<string, string>> = {
  SendMessage: 'SendMessage',
  SendMessageBatch: 'SendMessage',
  ReceiveMessage: 'ReceiveMessage',
  DeleteMessage: 'DeleteMessage',
  DeleteMessageBatch: 'DeleteMessage',
  ChangeMessageVisibility: 'ChangeMessageVisibility',
  ChangeMessageVisibilityBatch: 'ChangeMessageVisibility',
  GetQueueAttributes: 'GetQueueAttributes',
  GetQueueUrl: 'GetQueueUrl',
};

function sqsPermissions(request: RecordedRequest, { account, region }: CallPlace): readonly NeededPermission[] {
  const action = queueActions[operationOf(request)];
  if (action === undefined) throw new UnknownCallError(request, 'that operation is not known');
  const { QueueUrl, QueueName, QueueOwnerAWSAccountId } = jsonOf(request);
  const [owner, name] =
    typeof QueueUrl === 'string' ? QueueUrl.split('/').slice(-2) : [QueueOwnerAWSAccountId ?? account, QueueName];
  return [needs(`sqs:${action}`, `arn:aws:sqs:${region}:${owner}:${name}`)];
}

const tableActions = ['GetItem', 'BatchGetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query', 'Scan'];

function dynamodbPermissions(request: RecordedRequest, { account, region }: CallPlace): readonly NeededPermission[] {
  const operation = operationOf(request);
  if (!tableActions.includes(operation)) throw new UnknownCallError(request, 'that operation is not known');
  const { TableName, IndexName, RequestItems } = jsonOf(request);
  const tables = RequestItems === undefined ? [String(TableName)] : Object.keys(RequestItems as object);
  const index = IndexName === undefined ? '' : `/index/${IndexName}`;
  const key = leadingKey(jsonOf(request));
  const context = key === undefined ? {} : { 'dynamodb:LeadingKeys': key };
  return tables.map((table) =>
    needs(`dynamodb:${operation}`, `arn:aws:dynamodb:${region}:${account}:table/${table}${index}`, context),
  );
}

/** Returns the partition key of a request for one item, or of a query, whose condition begins with it. */
function leadingKey(body: Readonly<Record<string, unknown>>): string | undefined {
  const {
    Key = {},
    KeyConditionExpression = '',
    ExpressionAttributeValues = {},
  } = body as {
    readonly Key?: Keys;
    readonly KeyConditionExpression?: string;
    readonly ExpressionAttributeValues?: Keys;
  };
  const [, placeholder = ''] = /^\S+ = (:\w+)/.exec(KeyConditionExpression) ?? [];
  return (Key[queueTableSchema.partitionKey] ?? ExpressionAttributeValues[placeholder])?.S;
}

type Keys = Readonly<Record<string, { readonly S?: string }>>;

function snsPermissions(request: RecordedRequest): readonly NeededPermission[] {
  const form = new URLSearchParams(request.body);
  if (form.get('Action') !== 'Publish') throw new UnknownCallError(request, `${form.get('Action')} is not known`);
  return [needs('sns:Publish', form.get('TopicArn') ?? '')];
}

/** Secrets Manager adds six characters to the name of a secret; a partial ARN lacks them too. */
function secretPermissions(request: RecordedRequest, { account, region }: CallPlace): readonly NeededPermission[] {
  const operation = operationOf(request);
  if (operation !== 'GetSecretValue') throw new UnknownCallError(request, 'that operation is not known');
  const name = String(jsonOf(request)['SecretId']).replace(/^arn:.*:secret:/, '');
  const full = /-[A-Za-z0-9]{6}$/.test(name) ? name : `${name}-AbCdEf`;
  return [needs('secretsmanager:GetSecretValue', `arn:aws:secretsmanager:${region}:${account}:secret:${full}`)];
}

/** The identity is the address here: whether its domain is verified instead, only SES knows. */
function sesPermissions(request: RecordedRequest, { account, region }: CallPlace): readonly NeededPermission[] {
  const form = new URLSearchParams(request.body);
  const action = form.get('Action');
  const sender =
    action === 'SendRawEmail' ? form.get('Source') : action === 'SendBounce' ? form.get('BounceSender') : null;
  const [, address] = /<?([^<>\s]+@[^<>\s]+)>?$/.exec(sender ?? '') ?? [];
  if (address === undefined) throw new UnknownCallError(request, `${action} from ${sender} is not known`);
  const context = { 'ses:FromAddress': address };
  return [needs(`ses:${action}`, `arn:aws:ses:${region}:${account}:identity/${address}`, context)];
}

function lambdaPermissions(request: RecordedRequest, { account, region }: CallPlace): readonly NeededPermission[] {
  const [, path = ''] = /^\/2015-03-31\/functions\/([^/?]+)\/invocations$/.exec(request.url) ?? [];
  if (path === '' || request.method !== 'POST') throw new UnknownCallError(request, 'that operation is not known');
  const name = decodeURIComponent(path).split(':').at(-1);
  return [needs('lambda:InvokeFunction', `arn:aws:lambda:${region}:${account}:function:${name}`)];
}

const logActions = ['FilterLogEvents', 'StartQuery', 'GetQueryResults', 'StopQuery', 'GetLogEvents'];

function logsPermissions(request: RecordedRequest, { account, region }: CallPlace): readonly NeededPermission[] {
  const operation = operationOf(request);
  if (!logActions.includes(operation)) throw new UnknownCallError(request, 'that operation is not known');
  const { logGroupName, logGroupNames, logGroupIdentifiers, logGroupIdentifier } = jsonOf(request);
  const groups = [logGroupName ?? logGroupNames ?? logGroupIdentifiers ?? logGroupIdentifier ?? []].flat() as string[];
  if (groups.length === 0) return [needs(`logs:${operation}`, '*')];
  return groups.map((group) => {
    const name = group.replace(/^arn:.*:log-group:/, '').replace(/:\*$/, '');
    return needs(`logs:${operation}`, `arn:aws:logs:${region}:${account}:log-group:${name}:*`);
  });
}
