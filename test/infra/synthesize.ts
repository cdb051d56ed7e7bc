/** Stacks for tests: with stub code, so that nothing is bundled, and with the context of the real cdk.json. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, type AppProps, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { LmtpDelivery, type LmtpDeliveryProps } from '../../infra/construct/lmtp-delivery.ts';
import { readTransports } from '../../infra/context/transports.ts';
import { LmtpStack } from '../../infra/lmtp-stack.ts';

export const projectFolder = join(import.meta.dirname, '..', '..');

const { context } = JSON.parse(readFileSync(join(projectFolder, 'cdk.json'), 'utf8')) as {
  context: Record<string, unknown>;
};

/** What the stacks of tests have over cdk.json, which names no destination. */
export const ownContext = { destination: 'inet:lmtp.internal:24' };

/** Code that is never run. */
export const stubCode = () => Code.fromInline('exports.handler = async () => {}');

/** A resource of a template, as far as tests read it. */
export interface Resource {
  readonly Type: string;
  readonly Properties: Record<string, unknown>;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

/**
 * An app whose templates are not held against the CDK's rules: to start those takes five seconds of processor time in each test file.
 * template-validation.test.ts holds all that can be set against them, and any-context.test.ts what is set at random.
 */
export const unvalidated = { builtinCloudFormationValidation: false } as const;

/** The stack of the app, with these context values over those of cdk.json. */
export function appStack(values: Record<string, unknown> = {}, props: AppProps = unvalidated): LmtpStack {
  const app = new App({ ...props, context: { ...context, ...ownContext, ...values } });
  const settings = readTransports(app.node.getAllContext() as Record<string, unknown>);
  return new LmtpStack(app, 'LambdaLmtp', { settings, code: stubCode });
}

/** A user's stack with the construct. */
export function construct(props: (stack: Stack) => LmtpDeliveryProps): { stack: Stack; delivery: LmtpDelivery } {
  const stack = new Stack(new App({ ...unvalidated, context }), 'Theirs');
  const delivery = new LmtpDelivery(stack, 'Mail', { code: stubCode, ...props(stack) });
  return { stack, delivery };
}

/** All resources of a stack, by logical id. */
export function resourcesOf(stack: Stack): Record<string, Resource> {
  return Template.fromStack(stack).toJSON()['Resources'] as Record<string, Resource>;
}

/** The resources of one type, by logical id. */
export function resourcesOfType(resources: Record<string, Resource>, ...types: string[]): Record<string, Resource> {
  return Object.fromEntries(Object.entries(resources).filter(([, { Type }]) => types.includes(Type)));
}

/** The one resource of a type whose logical id contains these words. */
export function resource(resources: Record<string, Resource>, type: string, words: string): Record<string, unknown> {
  const found = Object.entries(resourcesOfType(resources, type)).filter(([id]) => id.includes(words));
  if (found.length !== 1) throw new Error(`${found.length} resources ${type} are called ${words}, one was expected`);
  return found[0]?.[1].Properties ?? {};
}

/** Returns the logical id that a reference or an attribute points to. */
export function target(value: unknown): string {
  const found = /"(?:Ref|Fn::GetAtt)":\[?"(\w+)"/.exec(JSON.stringify(value));
  if (found?.[1] === undefined) throw new Error(`${JSON.stringify(value)} refers to nothing`);
  return found[1];
}

/** A statement of a role's policy, with actions and resources as lists. */
export interface Statement {
  readonly effect: string;
  readonly actions: readonly string[];
  /** Resources: logical ids of what they refer to with their suffix, such as `MessageBucketBD53/corrupt/*`. */
  readonly resources: readonly string[];
  readonly conditions: unknown;
}

/** The permissions of the role of a function. */
export function statementsOf(resources: Record<string, Resource>, role: string): Statement[] {
  const { Policies } = resource(resources, 'AWS::IAM::Role', role) as {
    Policies: { PolicyDocument: PolicyDocument }[];
  };
  return Policies.flatMap(({ PolicyDocument }) => statementsIn(PolicyDocument));
}

/** A policy in the form of the template. */
export interface PolicyDocument {
  readonly Statement: readonly { Effect: string; Action: unknown; Resource: unknown; Condition?: unknown }[];
}

/** The statements of a policy. */
export function statementsIn({ Statement }: PolicyDocument): Statement[] {
  return Statement.map(({ Effect, Action, Resource, Condition }) => ({
    effect: Effect,
    actions: [Action].flat().map(String),
    resources: [Resource].flat().map(asText),
    conditions: Condition,
  }));
}

/** A value of a template as text: a reference is the logical id of its target. */
export function asText(value: unknown): string {
  if (typeof value === 'string') return value;
  const { Ref, 'Fn::GetAtt': attribute, 'Fn::Join': join, 'Fn::Sub': text } = value as Record<string, unknown>;
  if (typeof Ref === 'string') return Ref;
  if (typeof text === 'string') return text.replaceAll(/\$\{([^}]+)\}/g, '$1');
  if (Array.isArray(attribute)) return String(attribute[0]);
  if (Array.isArray(join)) return (join[1] as unknown[]).map(asText).join('');
  throw new Error(`cannot read ${JSON.stringify(value)}`);
}
