/**
 * A Lambda execution environment: a separate process that loads a handler once and serves one invocation at a time.
 *
 * As in Lambda, the environment contains only the function's variables and those that Lambda sets. The process is killed at the
 * function's time-out, may be frozen between two invocations, and may end at any time. An error of the handler, a crash and a
 * time-out are return values: for the caller, an event source, each is a failed invocation.
 *
 * Not emulated: limits of memory and CPU, the read-only file system, extensions and their SIGTERM.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { endOfInvocation, type Failure, type RuntimeMessage, type Task } from './runtime-messages.ts';
import { splitLines } from './samples/line-splitter.ts';

/** The definition of a function, shared by its containers. */
export interface FunctionDefinition {
  readonly name: string;
  /** The bundled file. */
  readonly file: string;
  /** Name of the exported handler; default: `handler`. */
  readonly exportName?: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Milliseconds. */
  readonly timeout: number;
  /** Megabytes, in the environment but not enforced; default: 256. */
  readonly memory?: number;
  /** Whether to stop the process between two invocations (SIGSTOP), as Lambda freezes the environment; default: no. */
  readonly freeze?: boolean;
  /** Called with each line that the function writes to standard output or standard error. */
  readonly onLine?: (line: string) => void;
}

/** How an invocation ended. */
export type InvocationResult =
  | { readonly kind: 'returned'; readonly value: unknown }
  | ({ readonly kind: 'failed' } & Failure);

/** Lambda's limit for loading the code: ten seconds. */
const initTimeout = 10_000;

const runtime = fileURLToPath(new URL('./runtime.ts', import.meta.url));

/** Ends all containers when the parent exits. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export class Container {
  readonly #definition: FunctionDefinition;
  readonly #process: ChildProcess;
  readonly #loaded: Promise<Failure | undefined>;
  /** Resolves when the process has exited and its last line is read. */
  readonly ended: Promise<void>;
  #finish: ((message: RuntimeMessage) => void) | undefined;
  #lastLine: { readonly text: string; readonly seen: () => void } | undefined;
  #alive = true;

  /** Starts the process; the handler loads in the background. */
  constructor(definition: FunctionDefinition) {
    this.#definition = definition;
    this.#process = fork(runtime, [definition.file, definition.exportName ?? 'handler'], {
      env: { ...lambdaVariables(definition), ...definition.environment },
      execArgv: [],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // A separate process group: Ctrl-C in a terminal goes to the stack only, which then ends its containers in order.
      detached: true,
    });
    running.add(this.#process);
    const { stdout, stderr } = this.#process;
    if (stdout) splitLines(stdout, (line) => this.#hear(line));
    if (stderr) splitLines(stderr, (line) => definition.onLine?.(line));
    this.ended = new Promise((ended) => {
      this.#process.once('close', () => {
        running.delete(this.#process);
        ended();
      });
    });
    this.#process.once('exit', () => {
      this.#alive = false;
    });
    this.#process.on('error', () => this.kill());
    this.#loaded = this.#load();
  }

  /** Process id. */
  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Whether it can serve (another) invocation. */
  get alive(): boolean {
    return this.#alive;
  }

  /** Serves one event. Never rejects. Only one at a time. */
  async invoke(event: unknown): Promise<InvocationResult> {
    this.thaw();
    const unfit = await this.#loaded;
    if (unfit !== undefined) return failed(unfit);
    const requestId = randomUUID();
    const result = await this.#perform({ requestId, event, deadline: Date.now() + this.#definition.timeout });
    if (this.#definition.freeze === true) this.freeze();
    return result;
  }

  /** Stops the process (SIGSTOP): sockets stay open, timers do not run, nothing is read. */
  freeze(): void {
    if (this.#alive) this.#process.kill('SIGSTOP');
  }

  /** Continues it (SIGCONT). */
  thaw(): void {
    if (this.#alive) this.#process.kill('SIGCONT');
  }

  /** Ends the process at once (SIGKILL), even when frozen or during an invocation. */
  kill(): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#process.kill('SIGKILL');
  }

  /** Waits until the handler is loaded; resolves to the failure, if any. */
  #load(): Promise<Failure | undefined> {
    return new Promise((settle) => {
      const timer = setTimeout(() => {
        this.kill();
        settle(failure('Sandbox.Timedout', `the handler did not load within ${initTimeout / 1000} seconds`));
      }, initTimeout);
      this.#process.on('message', (message: RuntimeMessage) => {
        if (message.kind === 'ready') settle(undefined);
        else if (message.kind === 'unfit') settle(message);
        else this.#finish?.(message);
        clearTimeout(timer);
      });
      void this.ended.then(() => {
        clearTimeout(timer);
        settle(this.#exitFailure());
      });
    });
  }

  /** Sends the task and waits for its outcome, its time-out, or the end of the process. */
  async #perform(task: Task): Promise<InvocationResult> {
    const { timeout } = this.#definition;
    const outcome = Promise.withResolvers<InvocationResult>();
    const allLinesSeen = Promise.withResolvers<void>();
    this.#lastLine = { text: endOfInvocation(task.requestId), seen: allLinesSeen.resolve };
    this.#finish = (message) => {
      if (!('requestId' in message) || message.requestId !== task.requestId) return;
      outcome.resolve(message.kind === 'returned' ? { kind: 'returned', value: message.value } : failed(message));
    };
    const timer = setTimeout(() => {
      this.kill();
      const words = `${task.requestId} Task timed out after ${(timeout / 1000).toFixed(2)} seconds`;
      outcome.resolve(failed(failure('Sandbox.Timedout', words)));
    }, timeout);
    void this.ended.then(() => {
      outcome.resolve(failed(this.#exitFailure()));
      allLinesSeen.resolve();
    });
    if (this.#process.connected) this.#process.send(task, () => {});
    const result = await outcome.promise;
    clearTimeout(timer);
    await allLinesSeen.promise;
    this.#finish = undefined;
    return result;
  }

  #exitFailure(): Failure {
    const { exitCode, signalCode } = this.#process;
    const how = signalCode === null ? `exit status ${exitCode}` : `signal ${signalCode}`;
    return failure('Runtime.ExitError', `the runtime exited: ${how}`);
  }

  #hear(line: string): void {
    const last = this.#lastLine;
    if (last === undefined || !line.endsWith(last.text)) {
      this.#definition.onLine?.(line);
      return;
    }
    if (line !== last.text) this.#definition.onLine?.(line.slice(0, -last.text.length));
    this.#lastLine = undefined;
    last.seen();
  }
}

function failed({ errorType, errorMessage, trace }: Failure): InvocationResult {
  return { kind: 'failed', errorType, errorMessage, trace };
}

function failure(errorType: string, errorMessage: string): Failure {
  return { errorType, errorMessage, trace: '' };
}

/** The variables that Lambda sets for every function (nodejs24.x). */
function lambdaVariables({ name, memory = 256, exportName = 'handler' }: FunctionDefinition): Record<string, string> {
  return {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    _HANDLER: `index.${exportName}`,
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_LAMBDA_FUNCTION_NAME: name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memory),
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${name}`,
    AWS_LAMBDA_LOG_STREAM_NAME: 'local',
  };
}
