/**
 * A function: its name, its code, and one container for each concurrent invocation. The next invocation uses the idle container that
 * was used last, as in Lambda.
 */
import { Container, type FunctionDefinition, type InvocationResult } from './container.ts';

export interface LambdaFunctionOptions extends Omit<FunctionDefinition, 'file'> {
  /** The bundled file, or a function that creates it for the first invocation. */
  readonly file: string | (() => string);
  /** The most concurrent invocations; further ones wait (Lambda would throttle them, and the event source retry). */
  readonly maximumConcurrency: number;
}

export class LambdaFunction {
  readonly name: string;
  readonly #options: LambdaFunctionOptions;
  readonly #idle: Container[] = [];
  readonly #busy = new Set<Container>();
  readonly #all = new Set<Container>();
  readonly #waiting: (() => void)[] = [];
  #started = 0;
  #running = 0;
  #file: string | undefined;

  constructor(options: LambdaFunctionOptions) {
    this.name = options.name;
    this.#options = options;
  }

  /** Number of containers started so far: cold starts. */
  get started(): number {
    return this.#started;
  }

  /** Running containers. */
  get containers(): readonly Container[] {
    return [...this.#all];
  }

  /** Containers that serve an invocation. */
  get busy(): readonly Container[] {
    return [...this.#busy];
  }

  /** Serves one event in one container. Never rejects. */
  async invoke(event: unknown): Promise<InvocationResult> {
    if (this.#running < this.#options.maximumConcurrency) this.#running++;
    else await new Promise<void>((admitted) => this.#waiting.push(admitted));
    const container = this.#takeWarm() ?? this.#start();
    this.#busy.add(container);
    const result = await container.invoke(event);
    this.#busy.delete(container);
    if (container.alive) this.#idle.push(container);
    const next = this.#waiting.shift();
    if (next === undefined) this.#running--;
    else next(); // our place is now theirs
    return result;
  }

  /** Starts a container ahead of the first event, as provisioned concurrency does. */
  warm(): void {
    this.#idle.unshift(this.#start());
  }

  /** Kills every container (SIGKILL); running invocations fail, the next ones get new containers. */
  async kill(): Promise<void> {
    await Promise.all(
      this.containers.map((container) => {
        container.kill();
        return container.ended;
      }),
    );
  }

  /** Freezes every container (SIGSTOP), even during an invocation; its time-out continues. */
  freeze(): void {
    for (const container of this.#all) container.freeze();
  }

  /** Continues every container (SIGCONT). */
  thaw(): void {
    for (const container of this.#all) container.thaw();
  }

  /** Ends all containers. */
  close(): Promise<void> {
    return this.kill();
  }

  #takeWarm(): Container | undefined {
    for (let container = this.#idle.pop(); container !== undefined; container = this.#idle.pop()) {
      if (container.alive) return container;
    }
    return undefined;
  }

  #start(): Container {
    const { file, ...definition } = this.#options;
    this.#file ??= typeof file === 'string' ? file : file();
    const container = new Container({ ...definition, file: this.#file });
    this.#started++;
    this.#all.add(container);
    void container.ended.then(() => this.#all.delete(container));
    return container;
  }
}
