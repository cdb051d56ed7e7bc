/** The properties of a delivery stack, their defaults, and the check that no wrong value gets past synth. */
import { Duration, Token } from 'aws-cdk-lib';
import type { Code } from 'aws-cdk-lib/aws-lambda';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { reservedServices } from '../functions/delivery/route.ts';
import type { AlarmProps } from './alarms/thresholds.ts';
import type { FunctionName } from './bundle.ts';
import { transportMapOf } from './destinations.ts';
import type { EncryptionProps } from './encryption.ts';
import { mailTargets } from './mail-ports.ts';
import { type NetworkProps, type NetworkSettings, networkOf } from './network.ts';
import { checkParameters, type ParameterValues, parameterEnvironment } from './parameter-environment.ts';
import type { AnySecret } from './permissions.ts';
import { refuse } from './props-error.ts';
import type { MailBucket } from './stores.ts';
import { watchedDestinationsOf } from './watched-destinations.ts';

export interface LmtpDeliveryProps extends NetworkProps, EncryptionProps, AlarmProps {
  /**
   * Where mail goes that no entry of `transportMap` names, in Postfix next-hop syntax: `inet:lmtp.example.com:24`.
   *
   * @default - only what the transport map, or a request itself, names
   */
  readonly destination?: string | undefined;
  /**
   * Postfix transport(5) text, one entry a line: recipient pattern, blanks, the name of this transport, a colon and a
   * next-hop, as in `example.com lmtp:inet:lmtp.example.com:24`; `error:`, `retry:` and `discard:` with a reason; or the
   * name of one of `otherTransports`.
   *
   * @default - all mail goes to `destination`
   */
  readonly transportMap?: string | undefined;
  /**
   * An object with such a text, which is asked before `transportMap` and `destination`. It may be changed at any time; the
   * functions look at it once a minute.
   *
   * @default - none
   */
  readonly transportMapObject?: { readonly bucket: MailBucket; readonly key: string } | undefined;
  /**
   * Incoming queues of other transports that the map hands mail to, by the name that it calls them:
   * `{ mailman: mailman.queues.incoming }`. They must be allowed to read this one's message bucket.
   *
   * @default - none
   */
  readonly otherTransports?: Readonly<Record<string, IQueue>> | undefined;
  /**
   * Destinations that a request may name for itself, beside those of the transport map.
   *
   * @default - none
   */
  readonly allowedDestinations?: readonly string[] | undefined;
  /**
   * Destinations that have metrics and alarms of their own, at most 20: each costs some dollars a month.
   *
   * @default - those that `destination`, `transportMap` and `allowedDestinations` spell out, the first 20 of them
   */
  readonly watchedDestinations?: readonly string[] | undefined;
  /**
   * Name of this transport, as master.cf would have it: parameters may be set for it alone.
   *
   * @default 'lmtp'
   */
  readonly transport?: string | undefined;
  /**
   * Postfix parameters that differ from their defaults, each by its own name: `{ minimal_backoff_time: '2m' }`.
   *
   * @default - Postfix's defaults (see PARAMETERS.md)
   */
  readonly parameters?: ParameterValues | undefined;
  /**
   * Bucket of message bodies.
   *
   * @default - a new one, which outlives the stack
   */
  readonly messageBucket?: MailBucket | undefined;
  /**
   * Buckets whose objects a request may name, beside the message bucket.
   *
   * @default - none
   */
  readonly allowedBuckets?: readonly MailBucket[] | undefined;
  /**
   * Secrets of SASL passwords and TLS keys that the lmtp function may read, with the keys that they are encrypted with.
   * What a parameter names (`secretsmanager:lmtp/passwords`) is permitted by itself; it is wanted here where its key is one
   * of your own, or where its name is known only when the stack is deployed (`secretsmanager:${secret.secretName}`).
   *
   * @default - those that the parameters name
   */
  readonly secrets?: readonly AnySecret[] | undefined;
  /**
   * How long the lmtp function may run, from 30 s to Lambda's own 15 minutes. No attempt takes longer: every time-out of
   * the LMTP dialogue is cut to what is left of this.
   *
   * @default Duration.seconds(300)
   */
  readonly functionTimeout?: Duration | undefined;
  /**
   * Memory of each function in megabytes, 128 to 10240. CPU comes in proportion: below 256, loading and TLS are slow; above
   * 512, functions that wait for a mail server cost more and deliver no faster.
   *
   * @default 512
   */
  readonly memorySize?: number | undefined;
  /**
   * How many lmtp functions run at once, 2 to 1000 (maxproc in master.cf). It should be well above the concurrency limit of
   * one destination, so that a slow one does not hold them all. Each keeps sessions open in its cache: see `sessionBudget`.
   *
   * @default 40
   */
  readonly maximumConcurrency?: number | undefined;
  /**
   * Where alarms go: a topic whose key, if it has one, lets CloudWatch publish.
   *
   * @default - a new topic, with a key of its own
   */
  readonly alarmTopic?: ITopic | undefined;
  /**
   * How long the delivery log is kept.
   *
   * @default RetentionDays.THREE_MONTHS
   */
  readonly logRetention?: RetentionDays | undefined;
  /**
   * The code of each function.
   *
   * @default - bundled from `functions/`
   */
  readonly code?: ((name: FunctionName) => Code) | undefined;
}

/** Properties that have been checked, with all defaults filled in. */
export interface DeliverySettings {
  readonly transport: string;
  readonly transportMap: string;
  readonly transportMapObject: { readonly bucket: MailBucket; readonly key: string } | undefined;
  readonly otherTransports: Readonly<Record<string, IQueue>>;
  readonly allowedDestinations: readonly string[];
  /** Absent without a VPC. */
  readonly network: NetworkSettings | undefined;
  /** Destinations with metrics of their own, as the queue writes them. */
  readonly watchedDestinations: readonly string[];
  /** The author of reports that leave through Amazon SES; absent where none does. */
  readonly sesSender: string | undefined;
  /** Parameters as environment variables. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly allowedBuckets: readonly MailBucket[];
  readonly secrets: readonly AnySecret[];
  readonly functionTimeout: Duration;
  readonly memorySize: number;
  readonly maximumConcurrency: number;
  readonly logRetention: RetentionDays;
}

/**
 * Checks properties and fills in defaults.
 *
 * @throws PropsError naming the property, its value and what is allowed
 */
export function settingsOf(props: LmtpDeliveryProps): DeliverySettings {
  const parameters = checkParameters(props.parameters ?? {});
  const transport = transportName('transport', props.transport ?? 'lmtp');
  const { transportMapObject, otherTransports = {} } = props;
  for (const name of Object.keys(otherTransports)) checkOther(name, transport);
  const transportMap = transportMapOf({ ...props, transport }, parameters);
  return {
    transport,
    transportMap,
    transportMapObject,
    otherTransports,
    allowedDestinations: props.allowedDestinations ?? [],
    network: networkOf(props, props.vpc && mailTargets({ ...props, transport, transportMap }, parameters)),
    watchedDestinations: watchedDestinationsOf({ ...props, transport, transportMap }, parameters),
    sesSender: parameters.bounce_report_routes.includes('ses') ? parameters.bounce_report_ses_sender : undefined,
    parameters: parameterEnvironment(props.parameters ?? {}),
    allowedBuckets: props.allowedBuckets ?? [],
    secrets: props.secrets ?? [],
    functionTimeout: timeout(props.functionTimeout ?? Duration.seconds(300)),
    memorySize: whole('memorySize', props.memorySize ?? 512, 128, 10_240),
    maximumConcurrency: whole('maximumConcurrency', props.maximumConcurrency ?? 40, 2, 1000),
    logRetention: props.logRetention ?? RetentionDays.THREE_MONTHS,
  };
}

function transportName(property: string, name: string): string {
  if (/^[a-z][a-z0-9-]{0,31}$/.test(name) && !reservedServices.has(name)) return name;
  const but = [...reservedServices].join(', ');
  throw refuse(property, name, `a name of up to 32 small letters, digits and hyphens, but ${but},`);
}

function checkOther(name: string, own: string): void {
  if (transportName('otherTransports', name) === own)
    throw refuse('otherTransports', name, 'the name of another transport');
}

function timeout(duration: Duration): Duration {
  const seconds = duration.toSeconds({ integral: false });
  if (Number.isInteger(seconds) && seconds >= 30 && seconds <= 900) return duration;
  throw refuse('functionTimeout', `${seconds} s`, 'a whole number of seconds from 30 to 900 (Lambda allows no more)');
}

function whole(name: string, value: number, least: number, most: number): number {
  if (Token.isUnresolved(value)) return value;
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw refuse(name, value, `a whole number from ${least} to ${most}`);
}
