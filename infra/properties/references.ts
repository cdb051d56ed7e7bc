/** References of CloudFormation as text. */

interface Reference {
  readonly Ref?: string;
  readonly 'Fn::GetAtt'?: readonly unknown[];
  readonly 'Fn::Join'?: readonly [string, readonly unknown[]];
  readonly 'Fn::ImportValue'?: unknown;
  readonly 'Fn::Sub'?: string;
}

/** Returns a value as cdk-nag writes it: `<MessageBucket.Arn>/in/*`, `<AWS::AccountId>`. */
export function flatReference(value: unknown): string {
  if (typeof value === 'string') return value;
  const {
    Ref,
    'Fn::GetAtt': attribute,
    'Fn::Join': join,
    'Fn::ImportValue': imported,
    'Fn::Sub': text,
  } = value as Reference;
  if (text !== undefined) return text.replaceAll(/\$\{([^}]+)\}/g, '<$1>');
  if (join !== undefined) return join[1].map(flatReference).join(join[0]);
  if (attribute !== undefined) return `<${attribute.map(flatReference).join('.')}>`;
  if (imported !== undefined) return flatReference(imported);
  return Ref === undefined ? JSON.stringify(value) : `<${Ref}>`;
}

/** Returns whether a value is a reference that flatReference understands. */
export function isReference(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return ['Ref', 'Fn::GetAtt', 'Fn::Join', 'Fn::ImportValue', 'Fn::Sub'].some((name) => Object.hasOwn(value, name));
}
