/**
 * Findings of cdk-nag's AwsSolutions pack that stay, each with its reason: who runs cdk-nag over a stack with this construct in it
 * finds nothing that he would have to look into.
 *
 * cdk-nag itself is not used here. Its version 3 reads what the CDK was told (`Validations.acknowledge`), finding by finding; its
 * version 2 reads the metadata of the resource.
 */
import { CfnResource, Stack, Validations } from 'aws-cdk-lib';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';
import { flatReference } from '../properties/references.ts';
import { wildcardReason } from './wildcards.ts';

/** Rules that are not heeded somewhere, and why. */
const reasons = {
  /** A queue without dead letters. */
  SQS3: 'nothing of ours takes from this queue, so nothing can fail too often: people read it, and an alarm says when',
  /** A bucket without a log of who reads it. */
  S1: 'who reads bodies is told by the data events of CloudTrail, which belong to the account and not to one bucket',
} as const;

/** Says why a rule is not heeded by a construct's resource. */
export function acknowledge(construct: IConstruct, rule: keyof typeof reasons): void {
  const id = `AwsSolutions-${rule}`;
  Validations.of(construct).acknowledge({ id, reason: reasons[rule] });
  writeMetadata(construct, [{ id, reason: reasons[rule] }]);
}

/**
 * Says of each wildcard in what somebody is permitted why it is there (IAM5).
 *
 * @param holder the role that has the statements, or whom they are granted to
 */
export function acknowledgeWildcards(holder: IConstruct, statements: readonly PolicyStatement[]): void {
  const found = statements
    .filter(({ effect }) => effect === 'Allow')
    .flatMap(({ resources, actions }) => resources.map((resource) => ({ resource, actions })))
    .filter(({ resource }) => resource.includes('*'))
    .map(({ resource, actions }) => ({ resource, reason: wildcardReason(resource, actions) }));
  if (found.length === 0) return;
  const stack = Stack.of(holder);
  // What cdk-nag calls a wildcard is known once all that is outside the stack has been looked up. Nothing is refused here.
  holder.node.addValidation({
    validate: () => {
      for (const { resource, reason } of found) {
        const id = `AwsSolutions-IAM5[Resource::${flatReference(stack.resolve(resource))}]`;
        Validations.of(holder).acknowledge({ id, reason });
      }
      return [];
    },
  });
  writeMetadata(holder, [{ id: 'AwsSolutions-IAM5', reason: [...new Set(found.map((one) => one.reason))].join('; ') }]);
}

interface Suppression {
  readonly id: string;
  readonly reason: string;
}

function writeMetadata(construct: IConstruct, suppressions: readonly Suppression[]): void {
  const resource = construct.node.defaultChild;
  if (!CfnResource.isCfnResource(resource)) return;
  const before = (resource.getMetadata('cdk_nag') ?? {}) as { rules_to_suppress?: readonly Suppression[] };
  resource.addMetadata('cdk_nag', { rules_to_suppress: [...(before.rules_to_suppress ?? []), ...suppressions] });
}
