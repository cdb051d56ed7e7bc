/** What the functions of one stack work on. */
import type { ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { IncomingQueue } from '../properties/other-transports.ts';
import type { Queues } from '../queue/queues.ts';
import type { MailBucket, Stores } from '../queue/stores.ts';
import type { Topics } from '../queue/topics.ts';
import type { AnyKey } from '../security/encryption.ts';

/** A secret made in the same app, or one from elsewhere. */
export type AnySecret = Secret | ISecret;

/** What the functions of one stack work on. */
export interface Surroundings {
  readonly queues: Queues;
  readonly stores: Stores;
  readonly topics: Topics;
  /** A key of one's own, which queues, topics, table and the new bucket are under. */
  readonly encryptionKey?: AnyKey | undefined;
  /** Prefixes that bodies lie below; empty: they may lie anywhere. */
  readonly bodyPrefixes?: readonly string[] | undefined;
  /** Whether bodies are deleted when nobody needs them. */
  readonly deletesBodies?: boolean | undefined;
  /** Buckets that a request may name, beside the message bucket. */
  readonly allowedBuckets: readonly MailBucket[];
  /** Secrets of SASL passwords and TLS keys. */
  readonly secrets: readonly AnySecret[];
  /** Where a transport map lies that can be changed at any time. */
  readonly transportMapObject?: { readonly bucket: MailBucket; readonly key: string } | undefined;
  /** Incoming queues of other transports. */
  readonly otherTransports?: readonly IncomingQueue[] | undefined;
}
