/**
 * What the package `lambda-lmtp` gives to CDK apps: the construct, the types of its properties, and the names of its metrics.
 *
 *     import { LmtpDelivery } from 'lambda-lmtp';
 *
 *     new LmtpDelivery(stack, 'Delivery', { destination: 'inet:lmtp.example.com:24' });
 */
export type { MetricName } from '../functions/metrics/catalogue.ts';
export type { BodyProps } from './bodies.ts';
export type { FunctionName } from './bundle.ts';
export type { AnyKey, EncryptionProps } from './encryption.ts';
export { LmtpDelivery, type LmtpDeliveryProps } from './lmtp-delivery.ts';
export type { DestinationMetricName, MailMetricOptions, MailMetrics } from './metrics.ts';
export type { AnySecurityGroup, AnyVpc, NetworkProps } from './network.ts';
export { writeOutputs } from './outputs.ts';
export type { ParameterValues } from './parameter-environment.ts';
export type { AnySecret } from './permissions.ts';
export { PropsError } from './props-error.ts';
export type { MailBucket } from './stores.ts';
export type { AnyTopic } from './topics.ts';
export type { EndpointName } from './vpc-endpoints.ts';
