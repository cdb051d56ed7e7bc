/** The checks of the properties at synth, and their defaults. */
import { Duration } from 'aws-cdk-lib';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Parameters } from '../../functions/parameters/parameters.ts';
import type { EnvironmentSettings } from '../functions/function-environment.ts';
import { mailTargets } from '../network/mail-ports.ts';
import { type NetworkSettings, networkOf } from '../network/network.ts';
import type { AnySecret } from '../permissions/permissions.ts';
import { transportMapOf } from '../properties/destinations.ts';
import { otherTransportsOf } from '../properties/other-transports.ts';
import { checkParameters, parameterEnvironment } from '../properties/parameter-environment.ts';
import { transportName } from '../properties/transport-name.ts';
import { watchedDestinationsOf } from '../properties/watched-destinations.ts';
import { checkBodies } from '../queue/bodies.ts';
import type { MailBucket } from '../queue/stores.ts';
import { refuseContradictions } from './contradictions.ts';
import type { LmtpDeliveryProps } from './delivery-props.ts';
import { checkKinds, days, retention, seconds, whole } from './prop-values.ts';

/** Checked properties, with defaults. */
export interface DeliverySettings extends EnvironmentSettings {
  /** Absent without a VPC. */
  readonly network: NetworkSettings | undefined;
  /** The author of reports that are sent by Amazon SES; absent if none are. */
  readonly sesSender: string | undefined;
  /** Parameters as the functions will read them. */
  readonly parsed: Parameters;
  readonly allowedBuckets: readonly MailBucket[];
  readonly secrets: readonly AnySecret[];
  readonly functionTimeout: Duration;
  readonly memorySize: number;
  readonly maximumConcurrency: number;
  readonly sessionBudget: number | undefined;
  readonly logRetention: RetentionDays;
}

/**
 * Returns the checked properties, with defaults.
 *
 * @throws PropsError with the property, its value and what is allowed
 */
export function settingsOf(props: LmtpDeliveryProps): DeliverySettings {
  checkKinds(props);
  checkBodies(props);
  const parameters = checkParameters(props.parameters ?? {});
  const transport = transportName('transport', props.transport ?? 'lmtp');
  const otherTransports = otherTransportsOf(props.otherTransports ?? {}, transport);
  const transportMap = transportMapOf({ ...props, transport }, parameters);
  const settings: DeliverySettings = {
    transport,
    transportMap,
    transportMapObject: props.transportMapObject,
    otherTransports,
    allowedDestinations: props.allowedDestinations ?? [],
    network: networkOf(props, props.vpc && mailTargets({ ...props, transport, transportMap }, parameters)),
    watchedDestinations: watchedDestinationsOf({ ...props, transport, transportMap }, parameters),
    sesSender: parameters.bounce_report_routes.includes('ses') ? parameters.bounce_report_ses_sender : undefined,
    parsed: parameters,
    parameters: parameterEnvironment(props.parameters ?? {}),
    allowedBuckets: props.allowedBuckets ?? [],
    bodyPrefixes: props.bodyPrefixes ?? [],
    bucketOwners: props.bucketOwners ?? {},
    secrets: props.secrets ?? [],
    functionTimeout: seconds('functionTimeout', props.functionTimeout ?? Duration.seconds(300), 30, 900),
    memorySize: whole('memorySize', props.memorySize ?? 512, 128, 10_240),
    maximumConcurrency: whole('maximumConcurrency', props.maximumConcurrency ?? 40, 2, 1000),
    sessionBudget: optional(props.sessionBudget, (value) => whole('sessionBudget', value, 2, 1_000_000)),
    bodyRetention: optional(props.bodyRetention, (value) => days('bodyRetention', value, 1, 3650)),
    logRetention: retention('logRetention', props.logRetention ?? RetentionDays.THREE_MONTHS),
  };
  refuseContradictions(settings, props, parameters);
  return settings;
}

function optional<T>(value: T | undefined, check: (value: T) => T): T | undefined {
  return value === undefined ? undefined : check(value);
}
