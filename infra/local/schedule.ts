/** A schedule: invokes a function regularly, as EventBridge does, but never twice at once. */
export class Schedule {
  readonly #invoke: (event: unknown) => Promise<unknown>;
  readonly #interval: number;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<unknown> = Promise.resolve();
  #stopped = false;

  /** @param interval milliseconds between the end of one invocation and the start of the next */
  constructor(interval: number, invoke: (event: unknown) => Promise<unknown>) {
    this.#interval = interval;
    this.#invoke = invoke;
  }

  start(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#running = this.#invoke(scheduledEvent()).finally(() => this.start());
    }, this.#interval);
  }

  /** Stops the schedule, and waits for the running invocation. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }
}

/** The EventBridge event of a scheduled rule. */
export function scheduledEvent(): object {
  return {
    version: '0',
    source: 'aws.events',
    'detail-type': 'Scheduled Event',
    time: new Date().toISOString(),
    detail: {},
  };
}
