/**
 * Makes tests cost half the CPU time: preloaded by the test command (`node --import`), before Node's test runner is.
 *
 * The test runner of Node 24 finds the test that an error or a nested test belongs to by an async hook, which follows every
 * promise from its creation to its garbage collection. That takes up to three quarters of the time of a test that awaits much.
 * An AsyncLocalStorage knows the same for nothing. So node:test is loaded with a createHook that hears of tests alone, and with
 * an executionAsyncId that asks the storage. The module node:async_hooks itself is as it was afterwards.
 *
 * A test runner that no longer uses these functions is not changed by this. Source: lib/internal/test_runner/harness.js.
 */
import hooks from 'node:async_hooks';

const { AsyncLocalStorage, AsyncResource, createHook, executionAsyncId } = hooks;

/** The async id of the test that runs. */
const current = new AsyncLocalStorage<number>();

/** Hears of each new test. */
let follow: hooks.HookCallbacks['init'];

/** What each test of Node's test runner is an instance of. */
class FollowedResource extends AsyncResource {
  constructor(...given: ConstructorParameters<typeof AsyncResource>) {
    super(...given);
    follow?.(this.asyncId(), given[0], this.triggerAsyncId(), this);
  }

  override runInAsyncScope<This, Result>(
    run: (this: This, ...args: unknown[]) => Result,
    self?: This,
    ...args: unknown[]
  ): Result {
    return super.runInAsyncScope(() => current.run(this.asyncId(), () => Reflect.apply(run, self, args)));
  }
}

Object.assign(hooks, {
  AsyncResource: FollowedResource,
  executionAsyncId: () => current.getStore() ?? executionAsyncId(),
  createHook: ({ init }: hooks.HookCallbacks) => {
    follow = init;
    const hook = { enable: () => hook, disable: () => hook };
    return hook;
  },
});
process.getBuiltinModule('node:test');
Object.assign(hooks, { AsyncResource, createHook, executionAsyncId });
