/**
 * Decides whether statements allow a request, as IAM evaluates an identity's policies: one allows it, none denies it. Only the
 * condition operators in our policies are supported; any other is an error.
 *
 * Resource policies (of queues, topics, buckets), boundaries and organizations are not evaluated.
 */

import { TemplateError } from './intrinsics.ts';
import type { Statement } from './statements.ts';

/** The access that a request needs. */
export interface Wish {
  /** `sqs:SendMessage` */
  readonly action: string;
  /** ARN */
  readonly resource: string;
  /** Values of condition keys. */
  readonly context: Readonly<Record<string, string>>;
}

/** A function or a role that makes requests. */
export interface Caller {
  /** Its name in reports: `lmtp`. */
  readonly name: string;
  readonly statements: readonly Statement[];
}

/** An access that a caller needed. */
export interface Need {
  readonly caller: string;
  readonly wish: Wish;
}

/** Returns whether the statements allow an access. */
export function permits(statements: readonly Statement[], wish: Wish): boolean {
  const applying = statements.filter((statement) => applies(statement, wish));
  return applying.some(({ effect }) => effect === 'Allow') && applying.every(({ effect }) => effect === 'Allow');
}

/** Returns whether a statement applies to an access. */
export function applies({ actions, resources, conditions }: Statement, { action, resource, context }: Wish): boolean {
  return (
    // Actions are case-insensitive ("IAM JSON policy elements: Action").
    actions.some((pattern) => matches(pattern.toLowerCase(), action.toLowerCase())) &&
    resources.some((pattern) => matches(pattern, resource)) &&
    Object.entries(conditions).every(([operator, keys]) =>
      Object.entries(keys).every(([key, values]) => holds(operator, values, context[key])),
    )
  );
}

/** Matches a pattern of IAM: `*` is any text, `?` any character. */
export function matches(pattern: string, text: string): boolean {
  const expression = RegExp.escape(pattern).replaceAll(String.raw`\*`, '.*').replaceAll(String.raw`\?`, '.');
  return new RegExp(`^${expression}$`, 's').test(text);
}

/** Whether a condition is met. One of several values is enough; an absent key meets only Null. */
function holds(operator: string, values: readonly string[], actual: string | undefined): boolean {
  if (operator === 'Null') return values.includes(String(actual === undefined));
  // Our requests have at most one value for a key. For none, a condition about all of them holds.
  const [, ofAll] = /^ForAllValues:(\w+)$/.exec(operator) ?? [];
  if (ofAll !== undefined) return actual === undefined || holds(ofAll, values, actual);
  const compare = operators[operator];
  if (compare === undefined) throw new TemplateError(`the condition operator ${operator} is not supported here`);
  return actual !== undefined && values.some((value) => compare(value, actual));
}

const operators: Readonly<Record<string, (value: string, actual: string) => boolean>> = {
  StringEquals: (value, actual) => value === actual,
  StringLike: matches,
  ArnEquals: matches,
  ArnLike: matches,
};
