/**
 * Checks the requests in a stack built from a template against its policies: those of functions, by their roles, and those signed
 * with the name of another role of the template.
 *
 * Other requests (of the local stack and its user) are allowed.
 */
import type { Template } from '../template/assembly.ts';
import type { References } from '../template/intrinsics.ts';
import { type Caller, type Need, permits, type Wish } from '../template/permits.ts';
import type { Blueprint } from '../template/plans.ts';
import { statementsOf } from '../template/statements.ts';
import { type CallPlace, readCall } from './aws-call.ts';
import { type RecordedRequest, UnknownCallError } from './recorded-request.ts';

interface Known extends Caller {
  /** Condition keys of all its requests: a function's ARN. */
  readonly context: Readonly<Record<string, string>>;
}

export class PermissionWatch {
  readonly #callers: ReadonlyMap<string, Known>;
  readonly #needed = new Map<string, Need>();
  readonly #references: References;
  readonly #place: CallPlace;
  /** Denies requests that the policies allow, to simulate an outage or a lost permission. */
  outage: ((caller: string, wish: Wish) => boolean) | undefined;
  /** Requests with unknown operations, in words. */
  readonly unknown: string[] = [];

  constructor(template: Template, blueprint: Blueprint, references: References, place: CallPlace) {
    this.#callers = callersOf(template, blueprint, references);
    this.#references = references;
    this.#place = place;
  }

  /** All callers whose policies are in the template. */
  get callers(): readonly Caller[] {
    return [...this.#callers.values()];
  }

  /** The permissions that they needed, each once. */
  get needed(): readonly Need[] {
    return [...this.#needed.values()];
  }

  /** Returns the access key id of a role: its name. */
  keyOf(role: string): string {
    return this.#references.ref(role);
  }

  /** Returns why a request is denied; undefined if it is allowed. */
  decide(request: RecordedRequest): string | undefined {
    const caller = this.#callers.get(request.caller);
    if (caller === undefined) return undefined;
    try {
      const wishes = readCall(request, this.#place).map((need) => ({
        ...need,
        context: { ...caller.context, ...need.context },
      }));
      for (const wish of wishes) this.#needed.set(JSON.stringify([caller.name, wish]), { caller: caller.name, wish });
      const isOut = (wish: Wish) => this.outage?.(caller.name, wish) === true;
      const denied = wishes.find((wish) => isOut(wish) || !permits(caller.statements, wish));
      return denied && `${caller.name} is not authorized to perform: ${denied.action} on resource: ${denied.resource}`;
    } catch (error) {
      if (!(error instanceof UnknownCallError)) throw error;
      this.unknown.push(error.message);
      return error.message;
    }
  }
}

function callersOf(template: Template, { functions }: Blueprint, references: References): ReadonlyMap<string, Known> {
  const callers = new Map<string, Known>();
  for (const { name, path, role, arn } of functions) {
    const context = { 'lambda:SourceFunctionArn': arn };
    callers.set(name, { name: path, statements: statementsOf(template, role, references), context });
  }
  const ofFunctions = new Set(functions.map(({ role }) => role));
  for (const [role, { Type, Metadata = {} }] of Object.entries(template.Resources)) {
    if (Type !== 'AWS::IAM::Role' || ofFunctions.has(role)) continue;
    const path = String(Metadata['aws:cdk:path'] ?? role).split('/');
    const statements = statementsOf(template, role, references);
    callers.set(references.ref(role), { name: path.slice(1, -1).join('/'), statements, context: {} });
  }
  return callers;
}
