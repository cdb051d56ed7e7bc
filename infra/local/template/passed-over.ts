/** What of a template makes no difference to the local stack, or cannot be shown by it. */
import type { Template } from './assembly.ts';

/** Types of resources that are passed over: who may do what, what is drawn or watched, and networks. */
const passedOverTypes = [
  /^AWS::IAM::/, // held against what is asked for, see infra/local/calls
  /^AWS::(?:SQS::QueuePolicy|SNS::TopicPolicy|S3::BucketPolicy|Lambda::Permission|KMS::)/,
  /^AWS::Logs::/,
  /^AWS::CloudWatch::/,
  /^AWS::EC2::/,
  /^AWS::SecretsManager::/,
  /^AWS::SES::/,
  /^AWS::Lambda::EventInvokeConfig$/,
  /^AWS::CDK::Metadata$/,
];

/** Whether the local stack has nothing like it. */
export function passedOver(type: string): boolean {
  return passedOverTypes.some((pattern) => pattern.test(type));
}

/** What a user should know is not there, in words. */
export function unlikeTheTemplate({ Resources }: Template): readonly string[] {
  const has = (type: string) => Object.values(Resources).some(({ Type }) => Type.startsWith(type));
  return [
    ...(has('AWS::EC2::') ? ['there is no VPC: the functions use the network of this machine'] : []),
    ...(has('AWS::SES::') ? ['Amazon SES receives nothing here'] : []),
    ...(has('AWS::SecretsManager::Secret') ? ['the secrets of the template are not there until you create them'] : []),
  ];
}
