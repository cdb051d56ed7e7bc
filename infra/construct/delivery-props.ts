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
   * `{ mailman: mailman.queues.incoming }`. They must be allowed to read this one's message bucket. Where two hand mail to
   * each other, the one that is made first names the other's as `() => mailman.queues.incoming`.
   *
   * @default - none
   */
  readonly otherTransports?: Readonly<Record<string, OtherTransport>> | undefined;
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
   * @default - Postfix's defaults (see parameters.md)
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
   * Deletes bodies that no delivery needs any more, and keeps deleted bodies for this long, in whole days: at least the
   * longest lifetime of mail plus the 14 days that a request may wait in a dead-letter queue. For a bucket that the construct makes.
   * An overwritten body counts as deleted, even while mail with the earlier version is held.
   *
   * @default - bodies stay until you delete them
   */
  readonly bodyRetention?: Duration | undefined;
  /**
   * Secrets of SASL passwords and TLS keys that the lmtp function may read, with the keys that they are encrypted with.
   * What a parameter names (`secretsmanager:lmtp/passwords`) is permitted by itself; it is wanted here where its key is one
   * of your own, or where its name is known only when the stack is deployed (`secretsmanager:${secret.secretName}`).
   *
   * @default - those that the parameters name
   */
  readonly secrets?: readonly AnySecret[] | undefined;
  /**
   * How long the lmtp function may run, from 30 s to Lambda's own 15 minutes. No attempt takes longer: a wait for a server
   * ends with this time. The server is blamed as for a time-out if it was silent for 60 s, or a third of this where that is
   * less (after the final dot: 120 s, or half). Synth names the time-outs that are longer than this allows.
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
   * How many sessions the mail store has for us (process_limit of Dovecot, maxchild of Cyrus): synth fails where the functions
   * could keep more open. That is `maximumConcurrency` times lmtp_connection_cache_size, twice, since new containers start before
   * the old ones have let go.
   *
   * @default - no limit is checked
   */
  readonly sessionBudget?: number | undefined;
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
