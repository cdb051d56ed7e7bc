/**
 * A synthesized stack on one machine: the resources of its template, with the code and the environment of its functions, and a mail
 * store to deliver to.
 *
 * Functions run from the folders that the CDK would zip, with the time-outs, batches, concurrency and schedules of the template.
 * Names are generated as CloudFormation generates them. Variables are replaced only if the caller requests it. Requests that the
 * template's policies do not allow are denied.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SQSClient } from '@aws-sdk/client-sqs';
import { environmentNames } from '../../functions/parameters/environment.ts';
import { type FunctionName, functionNames } from '../functions/bundle.ts';
import { buildResources, observeTopic, uploadFiles } from './build-resources.ts';
import { PermissionWatch } from './calls/permission-watch.ts';
import type { RecordedRequest } from './calls/recorded-request.ts';
import { type RecordingProxyOptions, startRecordingProxy } from './calls/recording-proxy.ts';
import { type DeliveryNames, deliveriesOf } from './delivery-names.ts';
import { FunctionLog } from './function-log.ts';
import { type Invocable, startLambdaEndpoint } from './lambda-endpoint.ts';
import { LambdaFunction } from './lambda-function.ts';
import { type LocalStack, stackOf } from './local-stack.ts';
import { Poller } from './poller.ts';
import { startReadableLog } from './readable-log.ts';
import { localPortOf, type ReplacedVariable, replace, replacedVariables } from './replaced-variables.ts';
import { type MaildirServerOptions, startMaildirServer } from './samples/maildir-server.ts';
import { Schedule } from './schedule.ts';
import { localPlace, type Services, startServices } from './services.ts';
import type { LocalStackOptions } from './stack.ts';
import { stopTriggers } from './stop-triggers.ts';
import { readAssembly, type Template } from './template/assembly.ts';
import { readBlueprint } from './template/blueprint.ts';
import { type Place, referencesOf } from './template/identities.ts';
import { TemplateError } from './template/intrinsics.ts';
import type { Blueprint, FunctionPlan } from './template/plans.ts';
import { TopicSubscriber } from './topic-subscriber.ts';

export interface DeployedStackOptions
  extends Pick<LocalStackOptions, 'directory' | 'onLogLine' | 'onFailure' | 'freeze'> {
  /** Folder of the synthesized app, such as `cdk.out`. */
  readonly folder: string;
  /** May be absent if the app has only one stack. */
  readonly stackName?: string | undefined;
  /** Path of the construct in the stack (`Delivery`), if the stack has several. */
  readonly delivery?: string;
  /**
   * The settings of a run of samples, which replace variables of the template. Absent: all variables are those of the template.
   */
  readonly wanted?: {
    /** Destination of all mail; default: the stack's mail store. */
    readonly destination?: string | undefined;
    /** Postfix parameters by name. */
    readonly parameters: Readonly<Record<string, string>>;
  };
  /** Options of the mail store. If the template sends all mail to a port of this machine, the store listens there. */
  readonly mailStore?: Omit<MaildirServerOptions, 'folder'>;
  /** Objects that are older than the versioning of the bucket; default: none. */
  readonly isOlderThanVersions?: (key: string) => boolean;
  /** Further services for the functions, such as `AWS_ENDPOINT_URL_SES`. */
  readonly endpoints?: Readonly<Record<string, string>>;
}

/** A running stack, with facts about its template. */
export interface DeployedStack extends LocalStack {
  readonly template: Template;
  readonly blueprint: Blueprint;
  readonly place: Place;
  readonly replaced: readonly ReplacedVariable[];
  /** The permissions that callers needed, and those that they have. */
  readonly permissions: PermissionWatch;
}

/**
 * Starts a synthesized stack.
 *
 * @throws TemplateError if it cannot be built here
 */
export async function startDeployedStack(options: DeployedStackOptions): Promise<DeployedStack> {
  await using started = new AsyncDisposableStack();
  const { name: stackName, ...assembly } = readAssembly(options.folder, options.stackName);
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'lambda-lmtp-')));
  if (options.directory === undefined) started.defer(() => rm(directory, { recursive: true, force: true }));

  const versioned = new Set<string>();
  let permissions: PermissionWatch | undefined;
  const decide = (request: RecordedRequest) => permissions?.decide(request);
  const services = await startServices({
    decide,
    isVersioned: (bucket, key) => versioned.has(bucket) && options.isOlderThanVersions?.(key) !== true,
  });
  started.defer(() => services.close());
  const place = { ...localPlace, stackName, queueEndpoint: services.queueEndpoint };
  const blueprint = readBlueprint({ name: stackName, ...assembly }, place);
  for (const bucket of blueprint.buckets) if (bucket.versioned) versioned.add(bucket.name);
  const names = chosenDelivery(blueprint, options.delivery);
  await buildResources(blueprint, services.clients);
  await uploadFiles(assembly.fileAssets, place, services.clients);
  permissions = new PermissionWatch(assembly.template, blueprint, referencesOf(assembly.template, place), place);

  const variables = names.functions.lmtp.environment;
  const port = localPortOf(variables[environmentNames.transportMap]);
  const mailStore = await startMaildirServer({
    ...(port !== undefined && options.wanted?.destination === undefined && { port }),
    ...options.mailStore,
    folder: join(directory, 'mail'),
  });
  started.defer(() => mailStore.close());
  const { wanted } = options;
  const destination = wanted?.destination ?? mailStore.destination;
  const target = { destination, isPlain: wanted?.destination === undefined };
  const replaced = wanted ? replacedVariables(variables, target, wanted.parameters) : [];

  const invocables: Record<string, Invocable> = {};
  const lambda = await startLambdaEndpoint(invocables);
  started.defer(() => lambda.close());
  const others = { AWS_ENDPOINT_URL_LAMBDA: lambda.endpoint, ...options.endpoints };
  const environment = { ...services.environment, ...(await watched(others, decide, started)) };
  const readable = await startReadableLog();
  started.defer(() => readable.close());
  const log = new FunctionLog((name, line) => {
    readable.write(name, line);
    options.onLogLine?.(name, line);
  });
  const functions = new Map(
    blueprint.functions.map((plan): [string, LambdaFunction] => {
      const own = { ...plan, environment: { ...environment, ...replace(plan.environment, replaced) } };
      return [plan.name, deploy(own, roleNameOf(plan), log, options)];
    }),
  );
  Object.assign(invocables, Object.fromEntries(functions));
  started.defer(async () => {
    await Promise.all([...functions.values()].map((one) => one.close()));
  });
  started.use(startTriggers(blueprint, services, functions, options));

  const listen = async (title: string, topicArn: string) => {
    const url = await observeTopic(title, topicArn, place.region, services.clients);
    const subscriber = new TopicSubscriber(services.clients.sqs, url);
    started.defer(() => subscriber.stop());
    return subscriber;
  };
  const parts = {
    directory,
    environment,
    variables: { ...environment, ...replace(variables, replaced), ...readable.variables },
    outputs: names.outputs,
    clients: services.clients,
    functions: Object.fromEntries(
      functionNames.map((name) => [name, functions.get(names.functions[name].name)]),
    ) as Record<FunctionName, LambdaFunction>,
    mailStore,
    log: log.lines,
    deliveries: log.deliveries,
    events: await listen('local-events', names.outputs.BounceTopicArn),
    notices: await listen('local-notices', names.outputs.NoticeTopicArn),
    inspectQueue: (name: keyof DeliveryNames['queues'] | 'events' | 'notices') => {
      const title = name === 'events' || name === 'notices' ? `local-${name}` : names.queues[name].name;
      return services.inspectQueue(title) ?? { ready: [], delayed: [], inFlight: [] };
    },
  };
  const running = started.move();
  return {
    ...stackOf(parts),
    template: assembly.template,
    blueprint,
    place,
    replaced,
    permissions,
    close: () => running.disposeAsync(),
  };
}

/** Endpoints of further services, behind proxies that check the policies; `started` collects the proxies to close. */
async function watched(
  endpoints: Readonly<Record<string, string>>,
  decide: NonNullable<RecordingProxyOptions['decide']>,
  started: AsyncDisposableStack,
): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [name, endpoint] of Object.entries(endpoints)) {
    const proxy = await startRecordingProxy({ endpoint, decide });
    started.defer(() => proxy.close());
    found[name] = proxy.endpoint;
  }
  return found;
}

function chosenDelivery(blueprint: Blueprint, path: string | undefined): DeliveryNames {
  const deliveries = deliveriesOf(blueprint);
  const paths = [...deliveries.keys()];
  const only = path ?? (paths.length === 1 ? paths[0] : undefined);
  const found = only === undefined ? undefined : deliveries.get(only);
  if (found !== undefined) return found;
  throw new TemplateError(
    path === undefined
      ? `the stack has ${paths.length} LmtpDelivery constructs (${paths.join(', ') || 'none'}): expected one`
      : `the stack has no LmtpDelivery ${path}; it has ${paths.join(', ') || 'none'}`,
  );
}

/** The name of a function's program: `Delivery/Functions/Qmgr` is `qmgr`. */
function roleNameOf({ path }: FunctionPlan): FunctionName {
  return (path.split('/').at(-1) ?? '').toLowerCase() as FunctionName;
}

function deploy(
  { name, file, exportName, environment, timeout, memory }: FunctionPlan,
  program: FunctionName,
  log: FunctionLog,
  options: DeployedStackOptions,
): LambdaFunction {
  return new LambdaFunction({
    name,
    file,
    exportName,
    environment: { ...environment, AWS_ACCESS_KEY_ID: name },
    timeout,
    memory,
    maximumConcurrency: Number.POSITIVE_INFINITY,
    freeze: options.freeze ?? false,
    onLine: (line) => log.write(program, line),
  });
}

/** Starts the triggers of the functions. An event source reads its queue with the function's role, as in Lambda. */
function startTriggers(
  { queues, mappings, schedules, functions: plans }: Blueprint,
  services: Services,
  functions: ReadonlyMap<string, LambdaFunction>,
  options: DeployedStackOptions,
): AsyncDisposable {
  const programs = new Map(plans.map((plan) => [plan.name, roleNameOf(plan)] as const));
  const invoke = async (name: string, event: unknown) => {
    const target = functions.get(name);
    if (target === undefined) throw new TemplateError(`there is no function ${name} to be invoked`);
    const result = await target.invoke(event);
    const program = programs.get(name);
    if (result.kind === 'failed' && program !== undefined) options.onFailure?.(program, result);
    return result;
  };
  const clients: SQSClient[] = [];
  const pollers = mappings
    .filter(({ isEnabled }) => isEnabled)
    .map(({ queueArn, functionName, ...mapping }) => {
      const queue = queues.find(({ arn }) => arn === queueArn);
      if (queue === undefined) throw new TemplateError(`an event source of ${functionName} is not in the template`);
      const credentials = { accessKeyId: functionName, secretAccessKey: 'local' };
      const client = new SQSClient({ region: localPlace.region, credentials, endpoint: services.queueEndpoint });
      clients.push(client);
      functions.get(functionName)?.warm();
      return new Poller({
        ...mapping,
        client,
        queueUrl: queue.url,
        queueArn,
        invoke: (event) => invoke(functionName, event),
      });
    });
  const clocks = schedules.map(({ interval, functionArn }) => {
    return new Schedule(interval, (event) => invoke(functionArn.split(':').at(-1) ?? '', event));
  });
  for (const one of [...pollers, ...clocks]) one.start();
  return {
    [Symbol.asyncDispose]: async () => {
      await stopTriggers([...pollers, ...clocks], functions.values());
      for (const client of clients) client.destroy();
    },
  };
}
