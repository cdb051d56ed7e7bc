/**
 * A Secrets Manager in memory, on a free loopback port, for the real SDK client: secrets with versions and staging labels that
 * move as in AWS.
 *
 * It supports versions with AWSCURRENT, AWSPREVIOUS and AWSPENDING, text and binary values, names and (partial) ARNs, and AWS's
 * error types. It does not support encryption, policies, tags, replication or rotation by a function.
 */

import { randomBytes, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { listenLocally } from './calls/local-endpoint.ts';

/** A running endpoint. */
export interface SecretsManager {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string;
  close(): Promise<void>;
}

/** Options of `startSecretsManager`. */
export interface SecretsManagerOptions {
  readonly region: string;
  /** Called for each request, before its answer. */
  readonly onRequest?: (operation: string, secretId: string) => void;
}

type Value = { readonly SecretString: string } | { readonly SecretBinary: string };

interface Version {
  readonly id: string;
  readonly value: Value;
  /** Milliseconds since 1970. */
  readonly created: number;
  readonly stages: Set<string>;
}

interface Secret {
  readonly name: string;
  readonly arn: string;
  readonly created: number;
  changed: number;
  /** Time of the scheduled deletion, milliseconds since 1970. */
  deleted: number | undefined;
  readonly versions: Map<string, Version>;
}

type Parameters = Readonly<Record<string, unknown>>;
type Answer = Readonly<Record<string, unknown>>;

class ServiceError extends Error {
  override readonly name = 'ServiceError';
  /** AWS's name of the error. */
  readonly type: string;
  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}

const current = 'AWSCURRENT';
const previous = 'AWSPREVIOUS';

/** Starts an empty Secrets Manager. */
export async function startSecretsManager({ region, onRequest }: SecretsManagerOptions): Promise<SecretsManager> {
  const secrets = new Secrets(region);
  const server = createServer((request, response) => {
    void answer(secrets, request, onRequest).then(({ status, body }) => {
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': randomUUID() });
      response.end(JSON.stringify(body));
    });
  });
  return await listenLocally(server);
}

/** Answers one request of the AWS JSON 1.1 protocol. */
async function answer(
  secrets: Secrets,
  request: IncomingMessage,
  onRequest: SecretsManagerOptions['onRequest'],
): Promise<{ status: number; body: Answer }> {
  const operation = String(request.headers['x-amz-target'] ?? '').replace(/^secretsmanager\./, '');
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const parameters = JSON.parse(Buffer.concat(chunks).toString() || '{}') as Parameters;
    onRequest?.(operation, String(parameters['SecretId'] ?? parameters['Name'] ?? ''));
    return { status: 200, body: perform(secrets, operation, parameters) };
  } catch (error) {
    const known = error instanceof ServiceError;
    const type = known ? error.type : 'InternalServiceError';
    return { status: known ? 400 : 500, body: { __type: type, Message: String((error as Error).message) } };
  }
}

function perform(secrets: Secrets, operation: string, parameters: Parameters): Answer {
  switch (operation) {
    case 'CreateSecret':
      return secrets.create(parameters);
    case 'PutSecretValue':
      return secrets.putValue(parameters);
    case 'UpdateSecretVersionStage':
      return secrets.moveStage(parameters);
    case 'GetSecretValue':
      return secrets.getValue(parameters);
    case 'DescribeSecret':
      return secrets.describe(parameters);
    case 'DeleteSecret':
      return secrets.delete(parameters);
    case 'RestoreSecret':
      return secrets.restore(parameters);
    default:
      throw new ServiceError('UnknownOperationException', `${operation} is not part of the local Secrets Manager`);
  }
}

/** The secrets; each method is one operation of the service. */
class Secrets {
  readonly #region: string;
  readonly #byName = new Map<string, Secret>();

  constructor(region: string) {
    this.#region = region;
  }

  create(parameters: Parameters): Answer {
    const name = text(parameters, 'Name');
    if (name === undefined) throw new ServiceError('ValidationException', 'Name: a secret needs one');
    if (this.#byName.has(name)) {
      throw new ServiceError(
        'ResourceExistsException',
        `The operation failed because the secret ${name} already exists.`,
      );
    }
    // AWS appends six random characters to the name, so that a new secret of the same name is another resource.
    const suffix = randomBytes(6).toString('base64url').replace(/[-_]/g, 'x').slice(0, 6);
    const arn = `arn:aws:secretsmanager:${this.#region}:000000000000:secret:${name}-${suffix}`;
    const now = Date.now();
    const secret: Secret = { name, arn, created: now, changed: now, deleted: undefined, versions: new Map() };
    const value = readValue(parameters);
    this.#byName.set(name, secret);
    if (value === undefined) return { ARN: arn, Name: name };
    const version = addVersion(secret, value, text(parameters, 'ClientRequestToken'), [current]);
    return { ARN: arn, Name: name, VersionId: version.id };
  }

  putValue(parameters: Parameters): Answer {
    const secret = this.#live(parameters);
    const value = readValue(parameters);
    if (value === undefined) {
      throw new ServiceError('InvalidRequestException', 'You must provide either SecretString or SecretBinary.');
    }
    const stages = (parameters['VersionStages'] as string[] | undefined) ?? [current];
    const first = secret.versions.size === 0 ? [current] : [];
    const version = addVersion(secret, value, text(parameters, 'ClientRequestToken'), [...stages, ...first]);
    return { ARN: secret.arn, Name: secret.name, VersionId: version.id, VersionStages: [...version.stages] };
  }

  moveStage(parameters: Parameters): Answer {
    const secret = this.#live(parameters);
    const stage = text(parameters, 'VersionStage') ?? '';
    const from = text(parameters, 'RemoveFromVersionId');
    const to = text(parameters, 'MoveToVersionId');
    const holder = versionAt(secret, stage);
    if (holder !== undefined && holder.id !== from && holder.id !== to) {
      const words = `The parameter RemoveFromVersionId can't be empty. Staging label ${stage} is currently attached to version ${holder.id}, so you must explicitly reference that version in RemoveFromVersionId.`;
      throw new ServiceError('InvalidParameterException', words);
    }
    if (to === undefined) {
      if (stage === current) {
        const words = `You can only move staging label ${current} to a different secret version. It can't be completely removed.`;
        throw new ServiceError('InvalidParameterException', words);
      }
      holder?.stages.delete(stage);
    } else {
      attach(secret, stage, knownVersion(secret, to));
    }
    return { ARN: secret.arn, Name: secret.name };
  }

  getValue(parameters: Parameters): Answer {
    const secret = this.#live(parameters);
    const id = text(parameters, 'VersionId');
    const stage = text(parameters, 'VersionStage') ?? (id === undefined ? current : undefined);
    const version = id === undefined ? versionAt(secret, stage ?? current) : secret.versions.get(id);
    if (version === undefined || (stage !== undefined && !version.stages.has(stage))) {
      const sought = id === undefined ? `staging label: ${stage}` : `VersionId: ${id}`;
      const words = `Secrets Manager can't find the specified secret value for ${sought}`;
      throw new ServiceError('ResourceNotFoundException', words);
    }
    const { id: VersionId, value, stages } = version;
    const CreatedDate = version.created / 1000;
    return { ARN: secret.arn, Name: secret.name, VersionId, ...value, VersionStages: [...stages], CreatedDate };
  }

  describe(parameters: Parameters): Answer {
    const secret = this.#find(parameters);
    const stages = [...secret.versions.values()].map(({ id, stages }) => [id, [...stages]] as const);
    return {
      ARN: secret.arn,
      Name: secret.name,
      CreatedDate: secret.created / 1000,
      LastChangedDate: secret.changed / 1000,
      ...(secret.deleted === undefined ? {} : { DeletedDate: secret.deleted / 1000 }),
      // AWS does not list a version without labels.
      VersionIdsToStages: Object.fromEntries(stages.filter(([, labels]) => labels.length > 0)),
    };
  }

  delete(parameters: Parameters): Answer {
    const secret = this.#find(parameters);
    const now = Date.now();
    if (parameters['ForceDeleteWithoutRecovery'] === true) this.#byName.delete(secret.name);
    else secret.deleted = now + Number(parameters['RecoveryWindowInDays'] ?? 30) * 86_400_000;
    return { ARN: secret.arn, Name: secret.name, DeletionDate: (secret.deleted ?? now) / 1000 };
  }

  restore(parameters: Parameters): Answer {
    const secret = this.#find(parameters);
    secret.deleted = undefined;
    return { ARN: secret.arn, Name: secret.name };
  }

  /** The secret that `SecretId` names: by name, by ARN, or by ARN without the six characters at its end. */
  #find(parameters: Parameters): Secret {
    const wanted = text(parameters, 'SecretId') ?? '';
    const secret =
      this.#byName.get(wanted) ??
      [...this.#byName.values()].find(({ arn }) => arn === wanted || arn.slice(0, -7) === wanted);
    if (secret !== undefined) return secret;
    throw new ServiceError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
  }

  #live(parameters: Parameters): Secret {
    const secret = this.#find(parameters);
    if (secret.deleted === undefined) return secret;
    const words = "You can't perform this operation on the secret because it was marked for deletion.";
    throw new ServiceError('InvalidRequestException', words);
  }
}

function text(parameters: Parameters, name: string): string | undefined {
  const value = parameters[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function readValue(parameters: Parameters): Value | undefined {
  const { SecretString, SecretBinary } = parameters;
  if (typeof SecretString === 'string' && typeof SecretBinary === 'string') {
    const words = "You can't specify both SecretString and SecretBinary in the same request.";
    throw new ServiceError('InvalidParameterException', words);
  }
  if (typeof SecretString === 'string') return { SecretString };
  return typeof SecretBinary === 'string' ? { SecretBinary } : undefined;
}

/** Adds a version. A repeated token is a repeated request, unless its value differs. */
function addVersion(secret: Secret, value: Value, token: string | undefined, stages: readonly string[]): Version {
  const known = token === undefined ? undefined : secret.versions.get(token);
  if (known !== undefined && JSON.stringify(known.value) !== JSON.stringify(value)) {
    const words = `A resource with the ID you requested already exists: version ${known.id} has another value.`;
    throw new ServiceError('ResourceExistsException', words);
  }
  const version = known ?? { id: token ?? randomUUID(), value, created: Date.now(), stages: new Set<string>() };
  secret.versions.set(version.id, version);
  for (const stage of stages) attach(secret, stage, version);
  secret.changed = Date.now();
  return version;
}

/** Moves a label to a version. The version that loses AWSCURRENT becomes AWSPREVIOUS. */
function attach(secret: Secret, stage: string, version: Version): void {
  const holder = versionAt(secret, stage);
  if (holder === version) return;
  holder?.stages.delete(stage);
  version.stages.add(stage);
  if (stage !== current || holder === undefined) return;
  version.stages.delete(previous);
  attach(secret, previous, holder);
}

function versionAt(secret: Secret, stage: string): Version | undefined {
  return [...secret.versions.values()].find(({ stages }) => stages.has(stage));
}

function knownVersion(secret: Secret, id: string): Version {
  const version = secret.versions.get(id);
  if (version !== undefined) return version;
  throw new ServiceError('ResourceNotFoundException', `Secrets Manager can't find the secret version ${id}.`);
}
