/** Compares what callers needed with what their policies permit: nothing may be missing, and nothing superfluous. */
import { applies, type Caller, type Need, permits } from '../../infra/local/template/permits.ts';
import type { Statement } from '../../infra/local/template/statements.ts';

/** A permission that local runs do not need, and why it exists. */
export interface Exception {
  /** All callers if absent. */
  readonly caller?: string;
  /** Pattern of IAM. */
  readonly action: string;
  /** Part of the resource; any if absent. */
  readonly resource?: string;
  readonly reason: string;
}

/** Returns what a caller needed without a permission, in words, each once. */
export function missingPermissions(callers: readonly Caller[], needed: readonly Need[]): readonly string[] {
  const words = needed.flatMap(({ caller, wish }) => {
    const found = callers.find(({ name }) => name === caller);
    if (found !== undefined && permits(found.statements, wish)) return [];
    const context = Object.entries(wish.context).map(([key, value]) => ` with ${key} "${value}"`);
    return [`${caller}: ${wish.action} on ${wish.resource}${context.join('')} was needed, and is not permitted`];
  });
  return [...new Set(words)];
}

/** Returns the permissions of a caller that it never needed, in words; unused exceptions are reported too. */
export function unusedPermissions(
  callers: readonly Caller[],
  needed: readonly Need[],
  exceptions: readonly Exception[] = [],
): readonly string[] {
  const excusing = new Set<Exception>();
  const words = callers.flatMap(({ name, statements }) => {
    const wishes = needed.filter(({ caller }) => caller === name).map(({ wish }) => wish);
    return statements.flatMap(parts).flatMap((part) => {
      if (wishes.some((wish) => applies(part, wish))) return [];
      const exception = exceptions.find((one) => excuses(one, name, part));
      if (exception === undefined)
        return [`${name}: ${part.actions[0]} on ${part.resources[0]} is permitted, and was never needed`];
      excusing.add(exception);
      return [];
    });
  });
  const idle = exceptions.filter((exception) => !excusing.has(exception));
  return [
    ...words,
    ...idle.map(({ caller, action }) => `the exception for ${caller ?? 'all'}: ${action} excuses nothing`),
  ];
}

/** Splits a statement into one statement for each action and resource. */
export function parts(statement: Statement): readonly Statement[] {
  const { actions, resources } = statement;
  if (statement.effect === 'Deny') return [];
  return actions.flatMap((action) =>
    resources.map((resource) => ({ ...statement, actions: [action], resources: [resource] })),
  );
}

function excuses({ caller, action, resource }: Exception, name: string, part: Statement): boolean {
  const isAction = applies(
    { effect: 'Allow', actions: [action], resources: ['*'], conditions: {} },
    {
      action: part.actions[0] ?? '',
      resource: '',
      context: {},
    },
  );
  return isAction && (caller ?? name) === name && (part.resources[0] ?? '').includes(resource ?? '');
}
