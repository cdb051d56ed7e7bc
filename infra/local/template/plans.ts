/** The resources of a template, as the local stack builds them. */

/** The identity of a resource in the template. */
interface Standing {
  readonly logicalId: string;
  /** Its construct path below the stack: `Delivery/Queues/Active`. */
  readonly path: string;
}

export interface QueuePlan extends Standing {
  readonly name: string;
  readonly url: string;
  readonly arn: string;
  /** Attributes of CreateQueue. */
  readonly attributes: Readonly<Record<string, string>>;
}

export interface TopicPlan extends Standing {
  readonly name: string;
  readonly arn: string;
}

export interface SubscriptionPlan {
  readonly topicArn: string;
  readonly queueArn: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface BucketPlan extends Standing {
  readonly name: string;
  readonly versioned: boolean;
}

export interface TablePlan extends Standing {
  readonly name: string;
  readonly arn: string;
  /** Parameters of CreateTable: keys, their types, and indexes. */
  readonly definition: {
    readonly AttributeDefinitions: readonly unknown[];
    readonly KeySchema: readonly unknown[];
    readonly GlobalSecondaryIndexes: readonly {
      readonly IndexName: string;
      readonly KeySchema: readonly unknown[];
      readonly Projection: unknown;
    }[];
  };
}

export interface FunctionPlan extends Standing {
  readonly name: string;
  readonly arn: string;
  /** The bundled file. */
  readonly file: string;
  readonly exportName: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Milliseconds. */
  readonly timeout: number;
  /** Megabytes. */
  readonly memory: number;
  /** Logical id of its role. */
  readonly role: string;
}

export interface MappingPlan {
  readonly isEnabled: boolean;
  readonly queueArn: string;
  readonly functionName: string;
  readonly batchSize: number;
  readonly maximumConcurrency: number;
  /** Whether the function may return failed records. */
  readonly partialResponses: boolean;
}

export interface SchedulePlan {
  /** Milliseconds. */
  readonly interval: number;
  readonly functionArn: string;
}

export interface Blueprint {
  readonly queues: readonly QueuePlan[];
  readonly topics: readonly TopicPlan[];
  readonly subscriptions: readonly SubscriptionPlan[];
  readonly buckets: readonly BucketPlan[];
  readonly tables: readonly TablePlan[];
  readonly functions: readonly FunctionPlan[];
  readonly mappings: readonly MappingPlan[];
  readonly schedules: readonly SchedulePlan[];
  readonly outputs: Readonly<Record<string, string>>;
  /** What is missing locally, in words. */
  readonly unlike: readonly string[];
}
