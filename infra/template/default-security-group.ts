/**
 * The custom resource by which the CDK removes all rules from the default security group of a VPC
 * (`@aws-cdk/aws-ec2:restrictDefaultSecurityGroup`, which `cdk init` sets). The local stack has no VPC.
 */
import type { Template } from './assembly.ts';

const type = 'Custom::VpcRestrictDefaultSG';

/** Returns the template without these custom resources, their function and its role. */
export function withoutDefaultSecurityGroup(template: Template): Template {
  const { Resources } = template;
  const closing = Object.entries(Resources).filter(([, { Type }]) => Type === type);
  const functions = closing.flatMap(([, { Properties }]) => referred(Properties?.['ServiceToken']));
  const roles = functions.flatMap((id) => referred(Resources[id]?.Properties?.['Role']));
  const absent = new Set([...closing.map(([id]) => id), ...functions, ...roles]);
  return { ...template, Resources: Object.fromEntries(Object.entries(Resources).filter(([id]) => !absent.has(id))) };
}

/** The resource that `{ "Fn::GetAtt": [ID, ATTRIBUTE] }` refers to. */
function referred(value: unknown): readonly string[] {
  const id = /^\{"Fn::GetAtt":\["(\w+)","Arn"\]\}$/.exec(JSON.stringify(value) ?? '')?.[1];
  return id === undefined ? [] : [id];
}
