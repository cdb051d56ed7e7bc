/** A schedule: invokes a function again and again, as EventBridge does, but never twice at the same time. */
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

  /** Invokes no more, and waits for the invocation that runs. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }
}

/** An EventBridge event, as a rule with a schedule sends it. */
export function scheduledEvent(): object {
  return {
    version: '0',
    source: 'aws.events',
    'detail-type': 'Scheduled Event',
    time: new Date().toISOString(),
    detail: {},
  };
}
