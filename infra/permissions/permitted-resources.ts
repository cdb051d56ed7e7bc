/** The resources of one stack to which its functions have access. */
import type { ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { ParameterName } from '../../functions/parameters/parameters.ts';
import type { IncomingQueue } from '../properties/other-transports.ts';
import type { Queues } from '../queue/queues.ts';
import type { MailBucket, Stores } from '../queue/stores.ts';
import type { Topics } from '../queue/topics.ts';
import type { AnyKey } from '../security/encryption.ts';

/** A secret created in the same app, or an imported one. */
export type AnySecret = Secret | ISecret;

/** The resources of one stack to which its functions have access. */
export interface PermittedResources {
  readonly queues: Queues;
  readonly stores: Stores;
  readonly topics: Topics;
  /** Customer managed key of queues, topics, table and a new bucket. */
  readonly encryptionKey?: AnyKey | undefined;
  /** Prefixes of bodies; empty: a body may have any key. */
  readonly bodyPrefixes?: readonly string[] | undefined;
  /** Whether bodies are deleted when no delivery references them. */
  readonly deletesBodies?: boolean | undefined;
  /** Buckets that a request may name, beside the message bucket. */
  readonly allowedBuckets: readonly MailBucket[];
  /** Secrets of SASL passwords and TLS keys. */
  readonly secrets: readonly AnySecret[];
  /** The object with a transport map, which can be changed at any time. */
  readonly transportMapObject?: { readonly bucket: MailBucket; readonly key: string } | undefined;
  /** The objects with files that parameters name, which can be changed at any time. */
  readonly parameterObjects?: readonly { readonly parameter: ParameterName; readonly arn: string }[] | undefined;
  /** Incoming queues of other transports. */
  readonly otherTransports?: readonly IncomingQueue[] | undefined;
}
