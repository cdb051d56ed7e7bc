/**
 * A Lambda execution environment: a process of its own that loads a handler once and serves one invocation at a time.
 *
 * As in Lambda the function's own variables are its whole environment (with those that Lambda itself sets), the process is
 * killed when the function's time is up, may be frozen between two invocations, and can vanish at any moment. An error of the
 * handler, a crash and a timeout are values here: the caller is an event source, and for it they are all "the invocation failed".
 *
 * Not shown: limits of memory and CPU, the read-only file system, extensions and their SIGTERM.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { splitLines } from './samples/line-splitter.ts';
import { endOfInvocation, type Failure, type RuntimeMessage, type Task } from './runtime-messages.ts';

/** What a function is made of; the same for all its containers. */
export interface FunctionDefinition {
  readonly name: string;
  /** The bundled file. */
  readonly file: string;
  /** What the file exports; `handler` if absent. */
  readonly exportName?: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Milliseconds. */
  readonly timeout: number;
  /** Megabytes; only told, not enforced. 256 if absent. */
  readonly memory?: number;
  /** Stop the process between two invocations (SIGSTOP), as Lambda freezes the environment. No if absent. */
  readonly freeze?: boolean;
  /** Hears each line that the function writes to standard output or standard error. */
  readonly onLine?: (line: string) => void;
}

/** How an invocation ended. */
export type InvocationResult =
  | { readonly kind: 'returned'; readonly value: unknown }
  | ({ readonly kind: 'failed' } & Failure);

/** Lambda gives the code ten seconds to load. */
const initTimeout = 10_000;

const runtime = fileURLToPath(new URL('./runtime.ts', import.meta.url));

/** No container outlives its parent, whatever ends the parent. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export class Container {
  readonly #definition: FunctionDefinition;
  readonly #process: ChildProcess;
  readonly #loaded: Promise<Failure | undefined>;
  /** Settles when the process is gone and its last line is read. */
  readonly ended: Promise<void>;
  #finish: ((message: RuntimeMessage) => void) | undefined;
  #lastLine: { readonly text: string; readonly seen: () => void } | undefined;
  #alive = true;

  /** Starts the process; the handler loads while the caller goes on. */
  constructor(definition: FunctionDefinition) {
    this.#definition = definition;
    this.#process = fork(runtime, [definition.file, definition.exportName ?? 'handler'], {
      env: { ...lambdaVariables(definition), ...definition.environment },
      execArgv: [],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // A process group of its own: Ctrl-C in a terminal ends the stack in good order, not its containers behind its back.
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

  /** Stops the process where it is (SIGSTOP): sockets stay open, timers do not run, nothing is read. */
  freeze(): void {
    if (this.#alive) this.#process.kill('SIGSTOP');
  }

  /** Lets it go on (SIGCONT). */
  thaw(): void {
    if (this.#alive) this.#process.kill('SIGCONT');
  }

  /** Ends the process at once (SIGKILL), frozen or not, in the middle of an invocation or not. */
  kill(): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#process.kill('SIGKILL');
  }

  /** Waits until the handler is loaded; resolves to what is wrong with it, if anything is. */
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

  /** Sends the task and waits for its outcome, for the end of its time, or for the end of the process. */
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
