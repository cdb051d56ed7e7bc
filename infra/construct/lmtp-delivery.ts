import { Names, Stack } from 'aws-cdk-lib';
import type { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { ReceiptRule } from 'aws-cdk-lib/aws-ses';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { MetricName } from '../../functions/metrics/catalogue.ts';
import type { OperatorSettings } from '../../functions/operator/settings.ts';
import { functionNames } from '../functions/bundle.ts';
import { bundledCode } from '../functions/bundled-code.ts';
import { FrontDoors } from '../functions/front-doors.ts';
import { functionEnvironment } from '../functions/function-environment.ts';
import { Functions } from '../functions/functions.ts';
import { Triggers } from '../functions/triggers.ts';
import { Network } from '../network/vpc-network.ts';
import {
  type OperatorPlaces,
  observerPermissions,
  operatorPermissions,
  submitPermissions,
} from '../permissions/people-permissions.ts';
import type { PermittedResources } from '../permissions/permitted-resources.ts';
import { permittedSecrets } from '../permissions/secrets.ts';
import { operatorSettings } from '../properties/operator-settings.ts';
import { parameterEnvironment } from '../properties/parameter-environment.ts';
import { refuse } from '../properties/props-error.ts';
import { Queues } from '../queue/queues.ts';
import { type MailBucket, Stores } from '../queue/stores.ts';
import { Topics } from '../queue/topics.ts';
import { acknowledgeWildcards } from '../security/acknowledgements.ts';
import { keyPolicy, letUse } from '../security/encryption.ts';
import type { MailAlarms } from '../watching/alarms/alarms.ts';
import type { Watched } from '../watching/alarms/watched.ts';
import type { MailDashboard } from '../watching/dashboard/dashboard.ts';
import { type DestinationMetricName, type MailMetricOptions, MailMetrics } from '../watching/measures/metrics.ts';
import { watchOver } from '../watching/watching.ts';
import { annotate } from './annotations.ts';
import type { LmtpDeliveryProps } from './delivery-props.ts';
import { settingsOf } from './delivery-settings.ts';
import { deployParameters } from './parameter-files.ts';

export type { LmtpDeliveryProps } from './delivery-props.ts';

/**
 * Postfix's lmtp(8) and the queue it needs: one transport, like one line of master.cf.
 *
 *     producer ─► incoming ─► qmgr ─► active ─► lmtp ─► mail store
 *                              ▲ │                │
 *                   deferred ──┘ └──── table ─────┴──► bounce and notice topics
 *                      ▲                  │
 *                      └───── sweep ◄─────┘    bounce ◄─┘ reports, over incoming or Amazon SES
 *
 *     const delivery = new LmtpDelivery(this, 'Delivery', { destination: 'inet:lmtp.example.com:24' });
 *     delivery.grantSubmit(producer);
 *     delivery.grantOperate(postmaster);
 */
export class LmtpDelivery extends Construct {
  readonly queues: Queues;
  readonly topics: Topics;
  readonly stores: Stores;
  readonly functions: Functions;
  /** The network of lmtp and check; absent without a VPC. */
  readonly network?: Network;
  readonly dashboard: MailDashboard;
  /** Namespace of the metrics in CloudWatch. */
  readonly metricsNamespace: string;
  /** Destinations with their own metrics, as the queue writes them. */
  readonly watchedDestinations: readonly string[];
  /** The metrics of the functions, one method each: `delivery.metrics.metricSent()`. */
  readonly metrics: MailMetrics;
  /** The parameters that the operator's command line needs. */
  readonly operatorSettings: OperatorSettings;
  /** The alarms, which notify `topics.alarm`. */
  readonly alarms: MailAlarms;
  readonly #resources: PermittedResources;
  readonly #frontDoors: FrontDoors;

  /** @throws PropsError for a wrong property */
  constructor(scope: Construct, id: string, props: LmtpDeliveryProps) {
    super(scope, id);
    const checked = settingsOf(props);
    annotate(this, checked, props);
    const parameterFiles = deployParameters(this, props.parameters ?? {});
    const settings = { ...checked, parameters: parameterEnvironment(parameterFiles.values) };
    const { functionTimeout: lmtpTimeout, memorySize, logRetention, maximumConcurrency } = settings;

    this.metricsNamespace = `LambdaLmtp/${Names.uniqueResourceName(this, { maxLength: 100 })}`;
    this.watchedDestinations = settings.watchedDestinations;
    const { metricsNamespace: namespace, watchedDestinations: destinations } = this;
    this.metrics = new MailMetrics({ namespace, transport: settings.transport, destinations });
    this.operatorSettings = operatorSettings(settings.transport, parameterFiles.values, settings.bodyRetention);
    const { alarmTopic, messageBucket, encryptionKey, bodyPrefixes } = props;
    const { bodyRetention } = settings;
    this.queues = new Queues(this, 'Queues', { lmtpTimeout, encryptionKey });
    this.topics = new Topics(this, 'Topics', { alarmTopic, encryptionKey });
    this.stores = new Stores(this, 'Stores', { messageBucket, encryptionKey, bodyRetention });
    if (encryptionKey !== undefined) letUse(this, encryptionKey, keyPolicy(Stack.of(this)));
    const { queues, topics, stores } = this;
    const { allowedBuckets, transportMapObject } = settings;
    const otherTransports = Object.values(settings.otherTransports);
    const secrets = permittedSecrets(this, props.parameters ?? {}, settings.secrets);
    const bodies = { allowedBuckets, bodyPrefixes, deletesBodies: bodyRetention !== undefined, encryptionKey };
    const named = { secrets, transportMapObject, parameterObjects: parameterFiles.objects, otherTransports };
    this.#resources = { queues, topics, stores, ...named, ...bodies };
    this.#frontDoors = new FrontDoors(this, 'FrontDoors', this.#resources);

    if (settings.network !== undefined) {
      this.network = new Network(this, 'Network', settings.network, secrets.length > 0);
    }
    this.functions = new Functions(this, 'Functions', {
      resources: this.#resources,
      code: props.code ?? bundledCode(this),
      environment: functionEnvironment(this, settings, this.#resources, this.metricsNamespace),
      lmtpTimeout,
      sesSender: settings.sesSender,
      memorySize,
      logRetention,
      encryptionKey,
      network: this.network,
    });
    const { metrics, functions } = this;
    const { transport, parsed: parameters, sessionBudget } = settings;
    const limits = { parameters, maximumConcurrency, sessionBudget };
    const watched: Watched = { transport, metrics, queues, table: stores.queueTable, functions, ...limits };
    const watching = watchOver(this, { watched, topic: topics.alarm, memorySize, props });
    this.alarms = watching.alarms;
    this.dashboard = watching.dashboard;
    new Triggers(this, 'Triggers', { functions, queues, topics, maximumConcurrency });
  }

  /**
   * Lets a producer submit mail: send requests to the incoming queue, and write bodies to the message bucket.
   *
   * @param prefix prefix of the bodies in the bucket; default: `in/`, or the first of `bodyPrefixes`
   * @throws PropsError for a prefix outside `bodyPrefixes`
   */
  grantSubmit(grantee: IGrantable, prefix?: string): void {
    const { bodyPrefixes = [] } = this.#resources;
    const chosen = prefix ?? (bodyPrefixes.includes('in/') ? 'in/' : (bodyPrefixes[0] ?? 'in/'));
    if (bodyPrefixes.length > 0 && !bodyPrefixes.some((allowed) => chosen.startsWith(allowed))) {
      throw refuse('prefix', chosen, `one of bodyPrefixes (${bodyPrefixes.join(', ')}) or a prefix below one of them`);
    }
    grant(grantee, submitPermissions(this.#resources, chosen));
  }

  /**
   * Lets an operator read and change the queue with the command line. The operator must also be allowed to describe the stack
   * (`cloudformation:DescribeStacks`).
   */
  grantOperate(grantee: IGrantable): void {
    grant(grantee, operatorPermissions(this.#resources, this.#operatorPlaces));
  }

  /**
   * Lets an operator read the queue and the logs with the command line (status, queue, shape, explain, log), but change nothing.
   * The operator must also be allowed to describe the stack.
   */
  grantObserve(grantee: IGrantable): void {
    grant(grantee, observerPermissions(this.#resources, this.#operatorPlaces));
  }

  get #operatorPlaces(): OperatorPlaces {
    const { functions } = this;
    const { check, showq, postsuper } = functions;
    return { check, showq, postsuper, logGroups: functionNames.map((name) => functions[name].logGroup) };
  }

  /**
   * Accepts mail that Amazon SES receives.
   *
   * @param from a receipt rule, which then stores its mail below `ses/` of the message bucket and notifies a new topic; or a topic
   *   that the actions of receipt rules notify. An S3 action must not have a KMS key, and its bucket must be the message bucket or one
   *   of `allowedBuckets`. An SNS action (mail up to 150 KB) should have the encoding Base64.
   * @throws PropsError for a rule, if the functions may not read bodies below `ses/`
   */
  receiveFromSes(from: ITopic | ReceiptRule): void {
    this.#frontDoors.receiveFromSes(from);
  }

  /**
   * Accepts objects that are written below a prefix of a bucket, with the envelope in their metadata.
   *
   * A bucket of another stack must have EventBridge notifications enabled.
   *
   * @param bucket the message bucket, or one of `allowedBuckets`
   * @throws PropsError if the functions cannot read the bucket, or would accept objects that they write
   */
  receiveObjects(bucket: MailBucket, prefix: string): void {
    this.#frontDoors.receiveObjects(bucket, prefix);
  }

  /**
   * Lets S3 notify the incoming queue of new objects, for a bucket whose notifications are configured elsewhere.
   *
   * @param account the owner of the bucket; default: that of the stack
   */
  allowNotificationsFrom(bucket: MailBucket, account?: string): void {
    this.#frontDoors.allowNotificationsFrom(bucket, account);
  }

  /** A metric of this transport, as in `delivery.metrics`: `delivery.metric('Sent')`. */
  metric(name: MetricName, options?: MailMetricOptions): Metric {
    return this.metrics.metric(name, options);
  }

  /** A metric of one of the watched destinations: `delivery.metricFor('inet:lmtp.example.com:24', 'Deferred')`. */
  metricFor(destination: string, name: DestinationMetricName, options?: MailMetricOptions): Metric {
    return this.metrics.metricFor(destination, name, options);
  }
}

function grant(grantee: IGrantable, statements: readonly PolicyStatement[]): void {
  const { grantPrincipal } = grantee;
  for (const statement of statements) grantPrincipal.addToPrincipalPolicy(statement);
  if (Construct.isConstruct(grantPrincipal)) acknowledgeWildcards(grantPrincipal, statements);
}
