/**
 * The environment variables that a stack gives its functions.
 *
 * The construct in `infra/` writes them, the functions read them: both import the names from here, so they cannot drift.
 * Postfix parameters travel beside them, each under its own name in capitals (`LMTP_MAIL_TIMEOUT=300s`, see parameters.ts).
 */

/** Variable names by meaning. Those marked optional may be absent or empty. */
export const environmentNames = {
  /** SQS standard queue of delivery requests. */
  incomingQueueUrl: 'INCOMING_QUEUE_URL',
  /** SQS standard queue that the bounce function takes events and notices from. */
  bounceQueueUrl: 'BOUNCE_QUEUE_URL',
  /** SQS FIFO queue of deliveries that may start now. */
  activeQueueUrl: 'ACTIVE_QUEUE_URL',
  /** SQS FIFO queue of what active gave out too often; qmgr puts it back into the table. Optional. */
  activeDeadLetterQueueUrl: 'ACTIVE_DEAD_LETTER_QUEUE_URL',
  /** SQS standard queue of wake-ups: "this delivery falls due". */
  deferredQueueUrl: 'DEFERRED_QUEUE_URL',
  /** SQS standard queue that holds a notice of every unusable request. */
  corruptQueueUrl: 'CORRUPT_QUEUE_URL',
  /** SNS topic of bounce, delay and success events. */
  bounceTopicArn: 'BOUNCE_TOPIC_ARN',
  /** SNS topic of postmaster notices (notify_classes). */
  noticeTopicArn: 'NOTICE_TOPIC_ARN',
  /** S3 bucket of message bodies; copies of corrupt requests are written below `corrupt/`. */
  messageBucket: 'MESSAGE_BUCKET',
  /** Account that the message bucket belongs to; S3 is told, and refuses where the name is another's now. Optional. */
  messageBucketOwner: 'MESSAGE_BUCKET_OWNER',
  /** The same of other buckets, separated by blanks: `name=account`. Optional. */
  bucketOwners: 'BUCKET_OWNERS',
  /** Prefixes of the message bucket that bodies lie below, separated by blanks; anywhere if absent. Optional. */
  bodyPrefixes: 'BODY_PREFIXES',
  /**
   * Set: the message bucket keeps versions, and a body that nobody needs any more is deleted; its version then lasts for that
   * long, in days. Absent: bodies stay. Optional.
   */
  bodyRetention: 'BODY_RETENTION',
  /** DynamoDB table that is the queue. */
  queueTable: 'QUEUE_TABLE',
  /** master.cf service name of this transport, `lmtp` if absent. Optional. */
  transport: 'TRANSPORT',
  /** Postfix transport(5) text: recipient pattern, blanks, `lmtp:` and a next-hop; one entry a line. Optional. */
  transportMap: 'TRANSPORT_MAP',
  /** Where a transport map lies that is asked before that text: `s3://bucket/key` or `texthash:/path`. Optional. */
  transportMapSource: 'TRANSPORT_MAP_SOURCE',
  /** Other transports that mail may be handed to, separated by blanks: `name=URL of its incoming queue`. Optional. */
  otherTransports: 'OTHER_TRANSPORTS',
  /** Further destinations that a request may name, separated by blanks; those of the transport map are always allowed. Optional. */
  allowedDestinations: 'ALLOWED_DESTINATIONS',
  /** Function that acts when a button of the dashboard is pressed: its ARN or name. Given to showq alone. */
  postsuperFunction: 'POSTSUPER_FUNCTION',
  /** Function that makes checks: its ARN or name. Given to postsuper alone. */
  checkFunction: 'CHECK_FUNCTION',
  /** Further buckets that a request may name, separated by blanks; the message bucket is always allowed. Optional. */
  allowedBuckets: 'ALLOWED_BUCKETS',
  /** For the command line at a local stack: log groups with delivery lines, separated by blanks: `lmtp=NAME`. Optional. */
  deliveryLogGroups: 'DELIVERY_LOG_GROUPS',
  /** Namespace of the metrics in CloudWatch, one for each stack's transport. None are written if absent. Optional. */
  metricsNamespace: 'METRICS_NAMESPACE',
  /**
   * Destinations that have metrics of their own, as the queue writes them (`inet:host:24`), at most 20, separated by blanks
   * alone: one of several servers has commas in it. Optional.
   */
  watchedDestinations: 'WATCHED_DESTINATIONS',
} as const;

/** One of the variable names. */
export type EnvironmentName = (typeof environmentNames)[keyof typeof environmentNames];

/** A variable is absent, or its value cannot be used. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
}

/**
 * The value of a variable that must be there.
 *
 * @throws EnvironmentError when it is absent or empty
 */
export function requireVariable(environment: NodeJS.ProcessEnv, name: EnvironmentName): string {
  const value = environment[name];
  if (value === undefined || value === '') {
    throw new EnvironmentError(`environment variable ${name} is not set: the stack gives it to its functions`);
  }
  return value;
}

/** The blank-separated words of an optional variable. */
export function variableWords(environment: NodeJS.ProcessEnv, name: EnvironmentName): readonly string[] {
  return (environment[name] ?? '').split(/[\s,]+/).filter((word) => word !== '');
}
