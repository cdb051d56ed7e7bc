/** Milliseconds for running invocations when a stack closes. */
const closingGrace = 2000;

/** A trigger of functions; `stop` resolves when its last invocation has ended. */
interface Trigger {
  stop(): Promise<void>;
}

/** A function whose running invocations can be ended. */
interface Killable {
  kill(): Promise<unknown>;
}

/** Stops triggers, and waits for running invocations for a limited time. */
export async function stopTriggers(triggers: Iterable<Trigger>, functions: Iterable<Killable>): Promise<void> {
  const impatience = setTimeout(() => {
    for (const one of functions) void one.kill();
  }, closingGrace);
  await Promise.all([...triggers].map((trigger) => trigger.stop()));
  clearTimeout(impatience);
}
