/**
 * The environment variables that a stack sets for its functions.
 *
 * The construct in `infra/` writes them and the functions read them: both import the names from here. Postfix parameters are
 * variables too, each under its own name in capitals (`LMTP_MAIL_TIMEOUT=300s`, see parameters.ts).
 */

/** Variable names by meaning. Optional ones may be absent or empty. */
export const environmentNames = {
  /** SQS standard queue of delivery requests. */
  incomingQueueUrl: 'INCOMING_QUEUE_URL',
  /** SQS standard queue of events and notices for the bounce function. */
  bounceQueueUrl: 'BOUNCE_QUEUE_URL',
  /** SQS FIFO queue of deliveries that may start now. */
  activeQueueUrl: 'ACTIVE_QUEUE_URL',
  /** Dead-letter queue of active, SQS FIFO; qmgr puts its deliveries back into the table. Optional. */
  activeDeadLetterQueueUrl: 'ACTIVE_DEAD_LETTER_QUEUE_URL',
  /** SQS standard queue of wake-ups: "this delivery falls due". */
  deferredQueueUrl: 'DEFERRED_QUEUE_URL',
  /** SQS standard queue with a notice of every unusable request. */
  corruptQueueUrl: 'CORRUPT_QUEUE_URL',
  /** SNS topic of bounce, delay and success events. */
  bounceTopicArn: 'BOUNCE_TOPIC_ARN',
  /** SNS topic of postmaster notices (notify_classes). */
  noticeTopicArn: 'NOTICE_TOPIC_ARN',
  /** S3 bucket of message bodies; copies of corrupt requests are written below `corrupt/`. */
  messageBucket: 'MESSAGE_BUCKET',
  /** Account that owns the message bucket; S3 refuses the call if another account owns it now. Optional. */
  messageBucketOwner: 'MESSAGE_BUCKET_OWNER',
  /** The same of other buckets, separated by blanks: `name=account`. Optional. */
  bucketOwners: 'BUCKET_OWNERS',
  /** Prefixes of bodies in the message bucket, separated by blanks; absent: any key. Optional. */
  bodyPrefixes: 'BODY_PREFIXES',
  /**
   * Set: the message bucket keeps versions, and a body that no delivery needs is deleted. Its version is kept for this
   * number of days. Absent: bodies stay. Optional.
   */
  bodyRetention: 'BODY_RETENTION',
  /** DynamoDB table that is the queue. */
  queueTable: 'QUEUE_TABLE',
  /** master.cf service name of this transport, `lmtp` if absent. Optional. */
  transport: 'TRANSPORT',
  /** Postfix transport(5) text: recipient pattern, blanks, `lmtp:` and a next-hop; one entry a line. Optional. */
  transportMap: 'TRANSPORT_MAP',
  /** A transport map that is searched before that text: `s3://bucket/key` or `texthash:/path`. Optional. */
  transportMapSource: 'TRANSPORT_MAP_SOURCE',
  /** Other transports that may receive mail, separated by blanks: `name=URL of its incoming queue`. Optional. */
  otherTransports: 'OTHER_TRANSPORTS',
  /** Further destinations that a request may name, separated by blanks; those of the transport map are always allowed. Optional. */
  allowedDestinations: 'ALLOWED_DESTINATIONS',
  /** Function behind the buttons of the dashboard: its ARN or name. Set for showq only. */
  postsuperFunction: 'POSTSUPER_FUNCTION',
  /** The check function: its ARN or name. Set for postsuper only. */
  checkFunction: 'CHECK_FUNCTION',
  /** Further buckets that a request may name, separated by blanks; the message bucket is always allowed. Optional. */
  allowedBuckets: 'ALLOWED_BUCKETS',
  /** Log groups with delivery lines, for the command line with a local stack, separated by blanks: `lmtp=NAME`. Optional. */
  deliveryLogGroups: 'DELIVERY_LOG_GROUPS',
  /** Namespace of the metrics in CloudWatch, one for each transport. Absent: no metrics are written. Optional. */
  metricsNamespace: 'METRICS_NAMESPACE',
  /**
   * Destinations that have metrics of their own, as the queue writes them (`inet:host:24`), at most 20. Only blanks separate
   * them: a destination of several servers contains commas. Optional.
   */
  watchedDestinations: 'WATCHED_DESTINATIONS',
} as const;

/** One of the variable names. */
export type EnvironmentName = (typeof environmentNames)[keyof typeof environmentNames];

/** A variable is absent or has an invalid value. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
}

/**
 * Returns the value of a required variable.
 *
 * @throws EnvironmentError when it is absent or empty
 */
export function requireVariable(environment: NodeJS.ProcessEnv, name: EnvironmentName): string {
  const value = environment[name];
  if (value === undefined || value === '') {
    throw new EnvironmentError(`environment variable ${name} is not set; the stack sets it for its functions`);
  }
  return value;
}

/** Returns the words of an optional variable, separated by blanks. */
export function variableWords(environment: NodeJS.ProcessEnv, name: EnvironmentName): readonly string[] {
  return (environment[name] ?? '').split(/[\s,]+/).filter((word) => word !== '');
}
