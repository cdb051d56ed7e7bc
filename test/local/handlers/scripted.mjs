/** A function that does what its event says; the tests of the local stack run it in a container. */
let served = 0;

export async function handler(event, context) {
  served++;
  switch (event.do) {
    case 'report':
      console.log(JSON.stringify({ served, pid: process.pid }));
      return { served, pid: process.pid, environment: { ...process.env }, left: context.getRemainingTimeInMillis() };
    case 'throw':
      throw new RangeError('the mailbox is on fire');
    case 'hang':
      console.log('hanging');
      return new Promise(() => setInterval(() => {}, 1000));
    case 'exit':
      process.stdout.write('no line feed');
      process.exit(3);
      break;
    case 'tick': {
      // Counts in the background, as a session's timer would.
      globalThis.ticks ??= 0;
      globalThis.ticker ??= setInterval(() => globalThis.ticks++, 5);
      return globalThis.ticks;
    }
    default:
      return undefined;
  }
}
