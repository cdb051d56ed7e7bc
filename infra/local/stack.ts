/**
 * The whole system on one machine: the AWS services, the functions with their triggers, and a mail store to deliver to. It runs the
 * same bundles as a deployed stack.
 *
 *     incoming ─► qmgr ─► active ─► lmtp ─► Maildir            sweep, every few seconds
 *                  ▲                 │
 *                  └──── deferred ◄──┘
 *
 * Several stacks can run at once, in one process or in several. `close()` leaves no process and no handle open.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { environmentNames } from '../../functions/parameters/environment.ts';
import { isParameterName, variableName } from '../../functions/parameters/parameters.ts';
import { bundleFunction, type FunctionName, functionNames } from '../functions/bundle.ts';
import type { InvocationResult } from './container.ts';
import { type EmulatorOptions, type Emulators, type QueueName, startEmulators } from './emulators.ts';
import { FunctionLog } from './function-log.ts';
import { startLambdaEndpoint } from './lambda-endpoint.ts';
import { LambdaFunction } from './lambda-function.ts';
import { type LocalStack, type Outputs, stackOf } from './local-stack.ts';
import { Poller } from './poller.ts';
import { startReadableLog } from './readable-log.ts';
import { type MaildirServer, type MaildirServerOptions, startMaildirServer } from './samples/maildir-server.ts';
import { Schedule } from './schedule.ts';
import { stopTriggers } from './stop-triggers.ts';
import { TopicSubscriber } from './topic-subscriber.ts';

export type { LogLine } from './function-log.ts';
export type { LocalStack, Outputs } from './local-stack.ts';

export interface LocalStackOptions {
  /** Folder for bundles and mail; default: a temporary one, which `close` removes. */
  readonly directory?: string;
  /** Destination of all mail, in Postfix's next-hop syntax; default without a map: the stack's mail store. */
  readonly destination?: string;
  /** Transport map instead of `destination`; `MAILSTORE` in it is the stack's mail store (`inet:127.0.0.1:PORT`). */
  readonly transportMap?: string;
  /** Postfix parameters by name: `{ minimal_backoff_time: '2s' }`. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Further variables of the functions. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Milliseconds between two sweeps; default: 2000; 0: only by `sweep()`. */
  readonly sweepInterval?: number;
  /** Time-out of the functions in milliseconds; default: 30,000. */
  readonly timeouts?: PerFunction<number>;
  /** The most concurrent invocations of a function; default: qmgr 4, lmtp 4, sweep 1, all others 2. */
  readonly maximumConcurrency?: PerFunction<number>;
  /** The most records of an invocation; default: 10. */
  readonly batchSize?: PerFunction<number>;
  /** Visibility time-out in seconds; default: the time-out of the receiving function. */
  readonly visibilityTimeouts?: Partial<Readonly<Record<QueueName, number>>>;
  /** Receives of a message of active before it goes to the dead-letter queue; default: 8, as in the template. */
  readonly activeReceives?: number;
  /** Whether to freeze the containers between invocations, as Lambda does. */
  readonly freeze?: boolean;
  /** Existing bundles, by function; the others are bundled. */
  readonly bundles?: PerFunction<string>;
  /** Options of the mail store: verdicts by recipient, STARTTLS ... */
  readonly mailStore?: Omit<MaildirServerOptions, 'folder'>;
  /** Called for each request to the AWS services, after its answer; the access key id is the name of the calling function. */
  readonly onRequest?: EmulatorOptions['onRequest'];
  /** Called with each line that a function writes. */
  readonly onLogLine?: (functionName: FunctionName, line: string) => void;
  /** Called for each failed invocation: thrown, crashed, timed out. */
  readonly onFailure?: (functionName: FunctionName, failure: Extract<InvocationResult, { kind: 'failed' }>) => void;
}

type PerFunction<T> = Readonly<Partial<Record<FunctionName, T>>>;

const defaultTimeout = 30_000;
const defaultConcurrency = { qmgr: 4, lmtp: 4, sweep: 1, bounce: 2, check: 2, showq: 2, postsuper: 2 };

/** Functions that most stacks do not use: bundled and started at their first invocation. */
const onDemand: ReadonlySet<FunctionName> = new Set(['check', 'showq', 'postsuper']);

/** Variables of functions that call others: the names of those. */
const acquaintances: Partial<Readonly<Record<FunctionName, Readonly<Record<string, string>>>>> = {
  showq: { [environmentNames.postsuperFunction]: 'postsuper' satisfies FunctionName },
  postsuper: { [environmentNames.checkFunction]: 'check' satisfies FunctionName },
};

/** Starts a stack. It accepts requests when this resolves; if this rejects, nothing is left running. */
export async function startLocalStack(options: LocalStackOptions = {}): Promise<LocalStack> {
  await using started = new AsyncDisposableStack();
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'lambda-lmtp-')));
  if (options.directory === undefined) started.defer(() => rm(directory, { recursive: true, force: true }));

  const [emulators, mailStore] = await Promise.all([
    startEmulators({
      visibilityTimeouts: visibilityTimeouts(options),
      ...(options.activeReceives !== undefined && { activeReceives: options.activeReceives }),
      ...(options.onRequest && { onRequest: options.onRequest }),
    }),
    startMaildirServer({ ...options.mailStore, folder: join(directory, 'mail') }),
  ]);
  started.defer(() => emulators.close());
  started.defer(() => mailStore.close());

  const readable = await startReadableLog();
  started.defer(() => readable.close());
  const log = new FunctionLog((name, line) => {
    readable.write(name, line);
    options.onLogLine?.(name, line);
  });
  const variables = functionEnvironment(options, emulators, mailStore);
  const callable: Record<string, LambdaFunction> = {};
  const lambda = await startLambdaEndpoint(callable);
  started.defer(() => lambda.close());
  variables['AWS_ENDPOINT_URL_LAMBDA'] = lambda.endpoint;
  const functions = deployFunctions(options, directory, variables, log);
  Object.assign(callable, functions);
  started.defer(async () => {
    await Promise.all(functionNames.map((name) => functions[name].close()));
  });

  const triggers = startTriggers(options, emulators, functions);
  started.defer(() => stopTriggers(triggers, Object.values(functions)));
  const events = new TopicSubscriber(emulators.clients.sqs, emulators.queues.events.url);
  const notices = new TopicSubscriber(emulators.clients.sqs, emulators.queues.notices.url);
  started.defer(() => events.stop());
  started.defer(() => notices.stop());

  const running = started.move();
  return {
    ...stackOf({
      directory,
      environment: { ...emulators.environment, AWS_ENDPOINT_URL_LAMBDA: lambda.endpoint },
      variables: { ...variables, ...readable.variables },
      outputs: outputsOf(emulators),
      clients: emulators.clients,
      functions,
      mailStore,
      log: log.lines,
      deliveries: log.deliveries,
      events,
      notices,
      inspectQueue: (name) => emulators.inspectQueue(name),
    }),
    close: () => running.disposeAsync(),
  };
}

function visibilityTimeouts(options: LocalStackOptions): Partial<Record<QueueName, number>> {
  const seconds = (name: FunctionName) => Math.ceil((options.timeouts?.[name] ?? defaultTimeout) / 1000);
  return {
    incoming: seconds('qmgr'),
    deferred: seconds('qmgr'),
    activeDeadLetters: seconds('qmgr'),
    active: seconds('lmtp'),
    bounce: seconds('bounce'),
    ...options.visibilityTimeouts,
  };
}

/** The environment of the functions: that of the construct in `infra/`, and the endpoints of the local services. */
function functionEnvironment(
  options: LocalStackOptions,
  emulators: Emulators,
  mailStore: MaildirServer,
): Record<string, string> {
  const transportMap = options.transportMap?.replaceAll('MAILSTORE', mailStore.destination);
  const parameters = Object.entries({ allow_local_destinations: 'yes', ...options.parameters });
  return {
    ...emulators.environment,
    [environmentNames.incomingQueueUrl]: emulators.queues.incoming.url,
    [environmentNames.bounceQueueUrl]: emulators.queues.bounce.url,
    [environmentNames.activeQueueUrl]: emulators.queues.active.url,
    [environmentNames.activeDeadLetterQueueUrl]: emulators.queues.activeDeadLetters.url,
    [environmentNames.deferredQueueUrl]: emulators.queues.deferred.url,
    [environmentNames.corruptQueueUrl]: emulators.queues.corrupt.url,
    [environmentNames.bounceTopicArn]: emulators.bounceTopicArn,
    [environmentNames.noticeTopicArn]: emulators.noticeTopicArn,
    [environmentNames.messageBucket]: emulators.bucket,
    [environmentNames.queueTable]: emulators.table,
    [environmentNames.transportMap]: transportMap ?? `* lmtp:${options.destination ?? mailStore.destination}`,
    ...Object.fromEntries(
      parameters.map(([name, value]) => [isParameterName(name) ? variableName(name) : name.toUpperCase(), value]),
    ),
    ...options.environment,
  };
}

function deployFunctions(
  options: LocalStackOptions,
  directory: string,
  environment: Readonly<Record<string, string>>,
  log: FunctionLog,
): Record<FunctionName, LambdaFunction> {
  const bundle = (name: FunctionName) =>
    options.bundles?.[name] ?? bundleFunction(name, join(directory, 'bundles')).file;
  const deploy = (name: FunctionName) =>
    new LambdaFunction({
      name,
      file: onDemand.has(name) ? () => bundle(name) : bundle(name),
      // The access key id of a request names its caller.
      environment: { ...environment, AWS_ACCESS_KEY_ID: name, ...acquaintances[name] },
      timeout: options.timeouts?.[name] ?? defaultTimeout,
      maximumConcurrency: options.maximumConcurrency?.[name] ?? defaultConcurrency[name],
      freeze: options.freeze ?? false,
      onLine: (line) => log.write(name, line),
    });
  return {
    qmgr: deploy('qmgr'),
    lmtp: deploy('lmtp'),
    sweep: deploy('sweep'),
    bounce: deploy('bounce'),
    check: deploy('check'),
    showq: deploy('showq'),
    postsuper: deploy('postsuper'),
  };
}

/**
 * The triggers: incoming, deferred and the dead letters of active invoke qmgr, active invokes lmtp, the topics invoke bounce, a
 * schedule invokes sweep.
 */
function startTriggers(
  options: LocalStackOptions,
  { clients, queues }: Emulators,
  functions: Record<FunctionName, LambdaFunction>,
): readonly (Poller | Schedule)[] {
  const connect = (queue: QueueName, name: FunctionName) =>
    new Poller({
      client: clients.sqs,
      queueUrl: queues[queue].url,
      queueArn: queues[queue].arn,
      batchSize: options.batchSize?.[name] ?? 10,
      maximumConcurrency: options.maximumConcurrency?.[name] ?? defaultConcurrency[name],
      invoke: (event) => functions[name].invoke(event),
      onFailure: (failure) => options.onFailure?.(name, failure),
    });
  const pollers = [
    connect('incoming', 'qmgr'),
    connect('deferred', 'qmgr'),
    connect('activeDeadLetters', 'qmgr'),
    connect('active', 'lmtp'),
    connect('bounce', 'bounce'),
  ];
  for (const poller of pollers) poller.start();
  for (const name of functionNames) if (!onDemand.has(name)) functions[name].warm();
  const interval = options.sweepInterval ?? 2000;
  if (interval === 0) return pollers;
  const schedule = new Schedule(interval, async (event) => {
    const result = await functions.sweep.invoke(event);
    if (result.kind === 'failed') options.onFailure?.('sweep', result);
  });
  schedule.start();
  return [...pollers, schedule];
}

function outputsOf(emulators: Emulators): Outputs {
  return {
    IncomingQueueUrl: emulators.queues.incoming.url,
    ActiveQueueUrl: emulators.queues.active.url,
    DeferredQueueUrl: emulators.queues.deferred.url,
    CorruptQueueUrl: emulators.queues.corrupt.url,
    BounceTopicArn: emulators.bounceTopicArn,
    NoticeTopicArn: emulators.noticeTopicArn,
    MessageBucketName: emulators.bucket,
    QueueTableName: emulators.table,
    CheckFunctionName: 'check' satisfies FunctionName,
  };
}
