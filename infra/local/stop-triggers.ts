/** How long running invocations get when a stack closes, in milliseconds. */
const closingGrace = 2000;

/** What sets functions going, until it is stopped: resolves when nothing of it runs any more. */
interface Trigger {
  stop(): Promise<void>;
}

/** A function whose running invocations can be ended. */
interface Killable {
  kill(): Promise<unknown>;
}

/** Takes in nothing more, lets what runs finish, and loses patience after a while. */
export async function stopTriggers(triggers: Iterable<Trigger>, functions: Iterable<Killable>): Promise<void> {
  const impatience = setTimeout(() => {
    for (const one of functions) void one.kill();
  }, closingGrace);
  await Promise.all([...triggers].map((trigger) => trigger.stop()));
  clearTimeout(impatience);
}
