/**
 * Postfix's parameters that cannot be set, each with the reason (refused.json).
 *
 * An operator who brings a main.cf learns from the error why a line of it has no effect.
 */

import refusals from './refused.json' with { type: 'json' };

interface Refusal {
  /** One or more sentences, which follow "cannot be set here." */
  readonly reason: string;
  readonly names: readonly string[];
}

/** The parameters by reason, in the order of the documents. */
export const refusalsByReason: readonly Refusal[] = refusals;

/** The reason for each name. */
export const refusedParameters: ReadonlyMap<string, string> = new Map(
  refusals.flatMap(({ reason, names }) => names.map((name) => [name, reason] as const)),
);
