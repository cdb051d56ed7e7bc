/**
 * Accepted findings of cdk-nag's AwsSolutions pack, each with its reason. cdk-nag reports no other findings for a stack with this
 * construct.
 *
 * cdk-nag itself is not used here. Its version 3 reads acknowledgements of the CDK (`Validations.acknowledge`); its version 2 reads
 * the metadata of the resource.
 */
import { CfnResource, Stack, Validations } from 'aws-cdk-lib';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';
import { flatReference } from '../properties/references.ts';
import { wildcardReason } from './wildcards.ts';

/** Rules with accepted findings, and why. */
const reasons = {
  /** A queue without a dead-letter queue. */
  SQS3: 'no function receives from this queue, so no receive can fail: operators read it, and an alarm reports new messages',
  /** A bucket without access logs. */
  S1: 'data events of CloudTrail record reads of bodies; they are configured for the account and not for one bucket',
} as const;

/** Accepts the finding of a rule for a construct's resource. */
export function acknowledge(construct: IConstruct, rule: keyof typeof reasons): void {
  const id = `AwsSolutions-${rule}`;
  Validations.of(construct).acknowledge({ id, reason: reasons[rule] });
  writeMetadata(construct, [{ id, reason: reasons[rule] }]);
}

/**
 * Accepts each wildcard in permissions, with its reason (IAM5).
 *
 * @param holder the role with the statements, or the grantee
 */
export function acknowledgeWildcards(holder: IConstruct, statements: readonly PolicyStatement[]): void {
  const found = statements
    .filter(({ effect }) => effect === 'Allow')
    .flatMap(({ resources, actions }) => resources.map((resource) => ({ resource, actions })))
    .filter(({ resource }) => resource.includes('*'))
    .map(({ resource, actions }) => ({ resource, reason: wildcardReason(resource, actions) }));
  if (found.length === 0) return;
  const stack = Stack.of(holder);
  // cdk-nag's name of a wildcard is known only at validation, after all references are resolved. This validation never fails.
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
