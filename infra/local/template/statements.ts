/** The statements of a role in a template. */
import type { Template } from './assembly.ts';
import { type References, resolveValue, TemplateError } from './intrinsics.ts';

/** A statement of an identity's policy, with everything in it resolved. */
export interface Statement {
  readonly effect: 'Allow' | 'Deny';
  /** May contain `*` and `?`. */
  readonly actions: readonly string[];
  /** ARNs, with the same wildcards. */
  readonly resources: readonly string[];
  /** Values by operator and key: `{ StringLike: { 's3:prefix': ['in/*'] } }`. */
  readonly conditions: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
}

interface RawStatement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action?: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

interface PolicyProperties {
  readonly PolicyDocument: { readonly Statement: RawStatement | readonly RawStatement[] };
  readonly Roles?: readonly string[];
}

/**
 * Returns all statements of a role: its inline policies, and those attached to it.
 *
 * @param role logical id
 * @throws TemplateError if the text of a policy is not in the template, or a statement cannot be read
 */
export function statementsOf(template: Template, role: string, references: References): readonly Statement[] {
  const resource = template.Resources[role];
  if (resource?.Type !== 'AWS::IAM::Role') throw new TemplateError(`there is no role ${role}`);
  const { Policies = [], ManagedPolicyArns = [] } = resolveValue(resource.Properties ?? {}, references) as {
    readonly Policies?: readonly PolicyProperties[];
    readonly ManagedPolicyArns?: readonly string[];
  };
  if (ManagedPolicyArns.length > 0) {
    throw new TemplateError(`${role}: the statements of ${ManagedPolicyArns.join(', ')} are not in the template`);
  }
  const name = references.ref(role);
  const attached = Object.values(template.Resources)
    .filter(({ Type }) => Type === 'AWS::IAM::Policy' || Type === 'AWS::IAM::ManagedPolicy')
    .map(({ Properties = {} }) => resolveValue(Properties, references) as PolicyProperties)
    .filter(({ Roles = [] }) => Roles.includes(name));
  return [...Policies, ...attached].flatMap(({ PolicyDocument }) =>
    list(PolicyDocument.Statement).map((statement) => read(role, statement)),
  );
}

function read(role: string, { Effect, Action, Resource, Condition = {}, ...others }: RawStatement): Statement {
  const strange = Object.keys(others).find((name) => name !== 'Sid');
  if (strange !== undefined || Action === undefined || Resource === undefined) {
    throw new TemplateError(`${role}: a statement with ${strange ?? 'no Action or Resource'} cannot be read`);
  }
  const conditions = Object.entries(Condition).map(([operator, keys]) => {
    return [operator, Object.fromEntries(Object.entries(keys).map(([key, values]) => [key, list(values)]))];
  });
  return {
    effect: Effect,
    actions: list(Action),
    resources: list(Resource),
    conditions: Object.fromEntries(conditions) as Statement['conditions'],
  };
}

function list<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}
