/** The properties of a delivery stack and their defaults. */
import type { Duration } from 'aws-cdk-lib';
import type { Code } from 'aws-cdk-lib/aws-lambda';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { FunctionName } from '../functions/bundle.ts';
import type { NetworkProps } from '../network/network.ts';
import type { AnySecret } from '../permissions/permissions.ts';
import type { OtherTransport } from '../properties/other-transports.ts';
import type { ParameterValues } from '../properties/parameter-environment.ts';
import type { BodyProps } from '../queue/bodies.ts';
import type { MailBucket } from '../queue/stores.ts';
import type { EncryptionProps } from '../security/encryption.ts';
import type { AlarmProps } from '../watching/alarms/thresholds.ts';
import type { DashboardProps } from '../watching/dashboard/prices.ts';

export interface LmtpDeliveryProps extends NetworkProps, EncryptionProps, BodyProps, AlarmProps, DashboardProps {
  /**
   * The destination of mail that matches no entry of `transportMap`, in Postfix next-hop syntax: `inet:lmtp.example.com:24`.
   *
   * @default - only destinations of the transport map or of a request
   */
  readonly destination?: string | undefined;
  /**
   * Postfix transport(5) text, one entry per line: recipient pattern, blanks, the name of this transport, a colon and a
   * next-hop, as in `example.com lmtp:inet:lmtp.example.com:24`; `error:`, `retry:` and `discard:` with a reason; or the
   * name of one of `otherTransports`.
   *
   * @default - all mail goes to `destination`
   */
  readonly transportMap?: string | undefined;
  /**
   * An object with such a text, which is searched before `transportMap` and `destination`. It may be changed at any time; the
   * functions read it once a minute.
   *
   * @default - none
   */
  readonly transportMapObject?: { readonly bucket: MailBucket; readonly key: string } | undefined;
  /**
   * Incoming queues of other transports that the map hands mail to, by their names in the map:
   * `{ mailman: mailman.queues.incoming }`. Those transports must be allowed to read this one's message bucket. If two hand mail
   * to each other, the one that is created first refers to the other's as `() => mailman.queues.incoming`.
   *
   * @default - none
   */
  readonly otherTransports?: Readonly<Record<string, OtherTransport>> | undefined;
  /**
   * Destinations that a request may name, beside those of the transport map.
   *
   * @default - none
   */
  readonly allowedDestinations?: readonly string[] | undefined;
  /**
   * Destinations with their own metrics and alarms, at most 20: each costs some dollars a month.
   *
   * @default - the first 20 that `destination`, `transportMap` and `allowedDestinations` name
   */
  readonly watchedDestinations?: readonly string[] | undefined;
  /**
   * Name of this transport, as in master.cf: parameters may be set for it alone.
   *
   * @default 'lmtp'
   */
  readonly transport?: string | undefined;
  /**
   * Postfix parameters that differ from their defaults, by name: `{ minimal_backoff_time: '2m' }`.
   *
   * @default - Postfix's defaults (see parameters.md)
   */
  readonly parameters?: ParameterValues | undefined;
  /**
   * Bucket of message bodies.
   *
   * @default - a new one, which is kept when the stack is deleted
   */
  readonly messageBucket?: MailBucket | undefined;
  /**
   * Buckets whose objects a request may name, beside the message bucket.
   *
   * @default - none
   */
  readonly allowedBuckets?: readonly MailBucket[] | undefined;
  /**
   * Deletes bodies that no delivery references any more, and keeps deleted bodies for this long, in whole days: at least the
   * longest lifetime of mail plus the 14 days that a request may wait in a dead-letter queue. Only for a bucket that the construct creates.
   * An overwritten body counts as deleted, even while mail with the earlier version is held.
   *
   * @default - bodies are kept until you delete them
   */
  readonly bodyRetention?: Duration | undefined;
  /**
   * Secrets of SASL passwords and TLS keys that the lmtp function may read, and decrypt with their keys. Access to a secret that a
   * parameter names (`secretsmanager:lmtp/passwords`) is granted automatically. Add it here only if it has a customer managed key,
   * or if its name is known only at deployment (`secretsmanager:${secret.secretName}`).
   *
   * @default - those that the parameters name
   */
  readonly secrets?: readonly AnySecret[] | undefined;
  /**
   * Time-out of the lmtp function, from 30 s to Lambda's limit of 15 minutes. No attempt takes longer: a wait for a server ends
   * with this time. That counts as a failure of the destination if the server was silent for 60 s, or for a third of this time if
   * that is less (after the final dot: 120 s, or half). Synth names the time-outs that are longer.
   *
   * @default Duration.seconds(300)
   */
  readonly functionTimeout?: Duration | undefined;
  /**
   * Memory of each function in megabytes, 128 to 10240. CPU is proportional: below 256, loading and TLS are slow; above 512,
   * functions that wait for a mail server cost more and deliver no faster.
   *
   * @default 512
   */
  readonly memorySize?: number | undefined;
  /**
   * The number of lmtp functions that run at once, 2 to 1000 (maxproc in master.cf). It should be well above the concurrency limit
   * of one destination, so that a slow one does not occupy all. Each keeps sessions open in its cache: see `sessionBudget`.
   *
   * @default 40
   */
  readonly maximumConcurrency?: number | undefined;
  /**
   * The number of sessions that the mail store allows this stack (process_limit of Dovecot, maxchild of Cyrus). Synth fails if the
   * functions could keep more open: twice `maximumConcurrency` times lmtp_connection_cache_size, since new containers start before
   * old ones close their sessions.
   *
   * @default - no limit is checked
   */
  readonly sessionBudget?: number | undefined;
  /**
   * Topic of the alarms. If it has a key, its policy must let CloudWatch publish.
   *
   * @default - a new topic with a new key
   */
  readonly alarmTopic?: ITopic | undefined;
  /**
   * Retention of the delivery log.
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
