/**
 * The custom resource by which the CDK removes all rules from the default security group of a VPC
 * (`@aws-cdk/aws-ec2:restrictDefaultSecurityGroup`, which `cdk init` sets). The local stack has no VPC.
 */
const type = 'Custom::VpcRestrictDefaultSG';

/** A resource, as far as it matters here. */
interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

/** Returns the resources of a template without these custom resources, their function and its role. */
export function withoutDefaultSecurityGroup<T extends Resource>(
  resources: Readonly<Record<string, T>>,
): Readonly<Record<string, T>> {
  const closing = Object.entries(resources).filter(([, { Type }]) => Type === type);
  const functions = closing.flatMap(([, { Properties }]) => referred(Properties?.['ServiceToken']));
  const roles = functions.flatMap((id) => referred(resources[id]?.Properties?.['Role']));
  const absent = new Set([...closing.map(([id]) => id), ...functions, ...roles]);
  return Object.fromEntries(Object.entries(resources).filter(([id]) => !absent.has(id)));
}

/** The resource that `{ "Fn::GetAtt": [ID, ATTRIBUTE] }` refers to. */
function referred(value: unknown): readonly string[] {
  const id = /^\{"Fn::GetAtt":\["(\w+)","Arn"\]\}$/.exec(JSON.stringify(value) ?? '')?.[1];
  return id === undefined ? [] : [id];
}
