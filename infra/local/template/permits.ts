/**
 * Whether statements permit what a request needs, as IAM would decide it of an identity's policies: allowed by one, denied by
 * none. Only those condition operators are known that our policies use; any other is an error, never a guess.
 *
 * Policies of resources (queues, topics, buckets), boundaries and organizations are not looked at.
 */
import type { Statement } from './statements.ts';
import { TemplateError } from './template-error.ts';

/** What somebody wants to do. */
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

/** A request that a caller made. */
export interface Need {
  readonly caller: string;
  readonly wish: Wish;
}

/** Whether the statements permit it. */
export function permits(statements: readonly Statement[], wish: Wish): boolean {
  const applying = statements.filter((statement) => applies(statement, wish));
  return applying.some(({ effect }) => effect === 'Allow') && applying.every(({ effect }) => effect === 'Allow');
}

/** Whether a statement speaks of it. */
export function applies({ actions, resources, conditions }: Statement, { action, resource, context }: Wish): boolean {
  return (
    // Actions are the same however they are written (IAM, "IAM JSON policy elements: Action").
    actions.some((pattern) => matches(pattern.toLowerCase(), action.toLowerCase())) &&
    resources.some((pattern) => matches(pattern, resource)) &&
    Object.entries(conditions).every(([operator, keys]) =>
      Object.entries(keys).every(([key, values]) => holds(operator, values, context[key])),
    )
  );
}

/** A pattern of IAM: `*` stands for any characters, `?` for any one. */
export function matches(pattern: string, text: string): boolean {
  const expression = RegExp.escape(pattern).replaceAll(String.raw`\*`, '.*').replaceAll(String.raw`\?`, '.');
  return new RegExp(`^${expression}$`, 's').test(text);
}

/** Of several values one is enough; a key that a request does not have fulfils nothing but Null. */
function holds(operator: string, values: readonly string[], actual: string | undefined): boolean {
  if (operator === 'Null') return values.includes(String(actual === undefined));
  const compare = operators[operator];
  if (compare === undefined) throw new TemplateError(`the condition operator ${operator} is not known here`);
  return actual !== undefined && values.some((value) => compare(value, actual));
}

const operators: Readonly<Record<string, (value: string, actual: string) => boolean>> = {
  StringEquals: (value, actual) => value === actual,
  StringLike: matches,
  ArnEquals: matches,
  ArnLike: matches,
};
