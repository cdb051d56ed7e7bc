/**
 * The order of the targets of a service: by priority, and within a priority by weighted chance (RFC 2782). Pure.
 */

import type { ServiceTarget } from '../session/name-service.ts';

/** Returns the targets in order; `random` returns a number from 0 up to, not including, 1. */
export function orderTargets(targets: readonly ServiceTarget[], random: () => number): readonly ServiceTarget[] {
  const priorities = [...new Set(targets.map(({ priority }) => priority))].sort((a, b) => a - b);
  return priorities.flatMap((priority) =>
    drawAll(
      targets.filter((target) => target.priority === priority),
      random,
    ),
  );
}

function drawAll(targets: readonly ServiceTarget[], random: () => number): readonly ServiceTarget[] {
  const left = [...targets];
  const drawn: ServiceTarget[] = [];
  while (left.length > 0) {
    const total = left.reduce((sum, { weight }) => sum + weight, 0);
    let point = random() * total;
    const index = left.findIndex(({ weight }) => {
      point -= weight;
      return point < 0;
    });
    drawn.push(...left.splice(Math.max(0, index), 1));
  }
  return drawn;
}
