/**
 * A function: a name, its code, and as many containers as it has invocations at once. An idle container that is still warm
 * serves the next invocation; the one used last comes first, as in Lambda.
 */
import { Container, type FunctionDefinition, type InvocationResult } from './container.ts';

export interface LambdaFunctionOptions extends Omit<FunctionDefinition, 'file'> {
  /** The bundled file, or what makes it when the function is needed first. */
  readonly file: string | (() => string);
  /** Most invocations at once; those above it wait (Lambda would throttle them and the event source would come again). */
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

  /** How many containers were ever started: cold starts. */
  get started(): number {
    return this.#started;
  }

  /** Containers that live now. */
  get containers(): readonly Container[] {
    return [...this.#all];
  }

  /** Containers that serve an invocation now. */
  get busy(): readonly Container[] {
    return [...this.#busy];
  }

  /** Serves one event in a container of its own. Never rejects. */
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

  /** Freezes every container (SIGSTOP), also in the middle of an invocation; its time goes on. */
  freeze(): void {
    for (const container of this.#all) container.freeze();
  }

  /** Lets every container go on (SIGCONT). */
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
