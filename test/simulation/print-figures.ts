/** Figures of a story, on one line of the test's output. */
import type { TestContext } from 'node:test';

/** Prints them. */
export function printFigures(context: TestContext, figures: Readonly<Record<string, string | number>>): void {
  context.diagnostic(
    Object.entries(figures)
      .map(([what, figure]) => `${what}: ${figure}`)
      .join(', '),
  );
}

/** Prints the time since a moment: wall-clock time, and CPU time, which other processes may share. */
export function stopwatch(): () => string {
  const begun = performance.now();
  const used = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(used);
    return `${((performance.now() - begun) / 1000).toFixed(1)} s (${((user + system) / 1e6).toFixed(1)} s of a processor)`;
  };
}
