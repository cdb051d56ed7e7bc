/**
 * The exports of the package `lambda-lmtp` for CDK apps: the construct, the types of its properties, and the names of its metrics.
 *
 *     import { LmtpDelivery } from 'lambda-lmtp';
 *
 *     new LmtpDelivery(stack, 'Delivery', { destination: 'inet:lmtp.example.com:24' });
 */
export type { MetricName } from '../functions/metrics/catalogue.ts';
export { LmtpDelivery, type LmtpDeliveryProps } from './construct/lmtp-delivery.ts';
export { writeOutputs } from './construct/outputs.ts';
export type { FunctionName } from './functions/bundle.ts';
export type { AnySecurityGroup, AnyVpc, NetworkProps } from './network/network.ts';
export type { EndpointName } from './network/vpc-endpoints.ts';
export type { AnySecret } from './permissions/permissions.ts';
export type { ParameterValues } from './properties/parameter-environment.ts';
export { PropsError } from './properties/props-error.ts';
export type { BodyProps } from './queue/bodies.ts';
export type { MailBucket } from './queue/stores.ts';
export type { AnyTopic } from './queue/topics.ts';
export type { AnyKey, EncryptionProps } from './security/encryption.ts';
export type { DestinationMetricName, MailMetricOptions, MailMetrics } from './watching/measures/metrics.ts';
