/**
 * The whole product on one machine: the AWS services it stands on, its functions with what sets them going, and a mail store
 * to deliver to. What a stack in the cloud does, this one does, with the same bundles of the same handlers.
 *
 *     incoming ─► qmgr ─► active ─► lmtp ─► Maildir            sweep, every few seconds
 *                  ▲                 │
 *                  └──── deferred ◄──┘
 *
 * Several stacks can run side by side, in one process or in several. `close()` leaves no process and nothing open.
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
  /** Working folder for bundles and mail; a fresh temporary one, removed by `close`, if absent. */
  readonly directory?: string;
  /** Where all mail goes, in Postfix's next-hop syntax; the stack's own mail store if neither this nor a map is given. */
  readonly destination?: string;
  /** Transport map in place of `destination`; `MAILSTORE` in it stands for the stack's own mail store (`inet:127.0.0.1:PORT`). */
  readonly transportMap?: string;
  /** Postfix parameters by their own names: `{ minimal_backoff_time: '2s' }`. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Further variables of the functions. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Milliseconds between two sweeps; 2000 if absent, 0: none but by `sweep()`. */
  readonly sweepInterval?: number;
  /** Milliseconds that a function may run; 30,000 if absent. */
  readonly timeouts?: PerFunction<number>;
  /** Most invocations of a function at once; qmgr 4, lmtp 4, sweep 1, all others 2 if absent. */
  readonly maximumConcurrency?: PerFunction<number>;
  /** Most records of an invocation; 10 if absent. */
  readonly batchSize?: PerFunction<number>;
  /** Seconds that a received message stays hidden; the time-out of the function it goes to if absent. */
  readonly visibilityTimeouts?: Partial<Readonly<Record<QueueName, number>>>;
  /** How often a message of active is given out before it goes to the dead letters; 8, as in the cloud, if absent. */
  readonly activeReceives?: number;
  /** Freeze the containers between invocations, as Lambda does. */
  readonly freeze?: boolean;
  /** Bundles made before, by function; the others are bundled anew. */
  readonly bundles?: PerFunction<string>;
  /** Options of the mail store: verdicts by recipient, STARTTLS ... */
  readonly mailStore?: Omit<MaildirServerOptions, 'folder'>;
  /** Hears of each request to the AWS services, once it is answered; who signed it with the name of a function is that one. */
  readonly onRequest?: EmulatorOptions['onRequest'];
  /** Hears each line that a function writes. */
  readonly onLogLine?: (functionName: FunctionName, line: string) => void;
  /** Hears of each invocation that failed: thrown, crashed, timed out. */
  readonly onFailure?: (functionName: FunctionName, failure: Extract<InvocationResult, { kind: 'failed' }>) => void;
}

type PerFunction<T> = Readonly<Partial<Record<FunctionName, T>>>;

const defaultTimeout = 30_000;
const defaultConcurrency = { qmgr: 4, lmtp: 4, sweep: 1, bounce: 2, check: 2, showq: 2, postsuper: 2 };

/** What most stacks are never asked for: bundled and started when somebody does. */
const onDemand: ReadonlySet<FunctionName> = new Set(['check', 'showq', 'postsuper']);

/** Functions that call others know their names. */
const acquaintances: Partial<Readonly<Record<FunctionName, Readonly<Record<string, string>>>>> = {
  showq: { [environmentNames.postsuperFunction]: 'postsuper' satisfies FunctionName },
  postsuper: { [environmentNames.checkFunction]: 'check' satisfies FunctionName },
};

/** Brings up a stack. It takes requests when this resolves; nothing is left behind when it rejects. */
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

/** The environment of the functions: what the construct in `infra/` gives them, and the way to the local services. */
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
      // Who signed a request says who made it.
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
 * What sets the functions going: incoming, deferred and the dead letters of active wake qmgr, active wakes lmtp, the topics
 * bounce, the clock sweep.
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
