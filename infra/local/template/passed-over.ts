/** The parts of a template that the local stack skips. */
import type { Template } from './assembly.ts';

/** Skipped types of resources: permissions, monitoring and networks. */
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

/** Returns whether the local stack skips a resource type. */
export function passedOver(type: string): boolean {
  return passedOverTypes.some((pattern) => pattern.test(type));
}

/** Returns what is missing in the local stack, in words. */
export function unlikeTheTemplate({ Resources }: Template): readonly string[] {
  const has = (type: string) => Object.values(Resources).some(({ Type }) => Type.startsWith(type));
  return [
    ...(has('AWS::EC2::') ? ['there is no VPC: the functions use the network of this machine'] : []),
    ...(has('AWS::SES::') ? ['Amazon SES does not receive mail here'] : []),
    ...(has('AWS::SecretsManager::Secret') ? ['the secrets of the template do not exist until you create them'] : []),
  ];
}
