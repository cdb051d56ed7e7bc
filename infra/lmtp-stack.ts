import { CfnResource, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { LmtpDelivery, type LmtpDeliveryProps } from './construct/lmtp-delivery.ts';
import { writeOutputs } from './construct/outputs.ts';
import type { ContextSettings } from './context/context.ts';
import { contextProps } from './context/context-props.ts';
import { NamedResources } from './context/named-resources.ts';
import { bucketsOfNeighbours, handedDestinations, nameOf } from './context/neighbours.ts';
import type { Transports } from './context/transports.ts';
import { endpointNames } from './network/vpc-endpoints.ts';
import { PropsError, refuse } from './properties/props-error.ts';

/** CloudFormation's limit of resources in a stack. */
const mostResources = 500;

export interface LmtpStackProps extends StackProps {
  /** See transports.ts. */
  readonly settings: Transports;
  /** See LmtpDeliveryProps. */
  readonly code?: LmtpDeliveryProps['code'];
}

/** A stack with one transport, or with several that hand mail to each other, as the context describes them. */
export class LmtpStack extends Stack {
  /** The first transport: `lmtp`, or else the first in the context. */
  readonly delivery: LmtpDelivery;
  readonly #deliveries = new Map<string, LmtpDelivery>();
  readonly #all: Transports;
  readonly #named: NamedResources;
  readonly #code: LmtpDeliveryProps['code'];

  /** @throws PropsError with the value, its transport if there are several, and what is allowed */
  constructor(scope: Construct, id: string, { settings, code, ...props }: LmtpStackProps) {
    super(scope, id, props);
    this.#all = settings;
    this.#code = code;
    this.#named = new NamedResources(this, 'Named');
    const [first, ...others] = settings;
    this.delivery = this.#add('Delivery', first);
    this.#openFrontDoors(first);
    for (const other of others) this.#add(`Delivery-${nameOf(other)}`, other, this.delivery);
    for (const [name, delivery] of this.#deliveries) {
      writeOutputs(this, delivery, delivery === this.delivery ? undefined : name);
    }
    this.#refuseTooMany();
  }

  #refuseTooMany(): void {
    const resources = this.node.findAll().filter((one) => CfnResource.isCfnResource(one)).length;
    if (resources <= mostResources) return;
    const names = [...this.#deliveries.keys()].join(', ');
    throw new PropsError(
      `transports: ${names} need ${resources} resources, but CloudFormation allows ${mostResources} in a stack: ` +
        'remove transports, alarms or watchedDestinations, or use a second stack (-c transport=NAME)',
    );
  }

  /** All transports, by name. */
  get deliveries(): ReadonlyMap<string, LmtpDelivery> {
    return this.#deliveries;
  }

  #add(id: string, settings: ContextSettings, first?: LmtpDelivery): LmtpDelivery {
    const name = nameOf(settings);
    const make = () => new LmtpDelivery(this, id, this.#props(settings, first));
    const delivery = this.#all.length === 1 ? make() : within(`transports.${name}`, make);
    if (delivery.network !== undefined) first?.network?.endpoints?.letIn(delivery.network.securityGroup);
    this.#deliveries.set(name, delivery);
    return delivery;
  }

  /** The properties of a transport. The first transport has the resources of the whole stack: the bucket and the alarm topic. */
  #props(settings: ContextSettings, first: LmtpDelivery | undefined): LmtpDeliveryProps {
    const own = contextProps(settings, this.#named);
    const messageBucket = own.messageBucket ?? first?.stores.messageBucket;
    const named = bucketsOfNeighbours(this.#all).map((name) => this.#named.bucket(name));
    const buckets = new Set([...(first === undefined ? [] : [first.stores.messageBucket]), ...named]);
    return {
      ...own,
      messageBucket,
      allowedBuckets: [...buckets].filter((bucket) => bucket !== messageBucket),
      alarmTopic: own.alarmTopic ?? first?.topics.alarm,
      otherTransports: { ...own.otherTransports, ...this.#neighbours(settings) },
      allowedDestinations: [...settings.allowedDestinations, ...handedDestinations(settings, this.#all)],
      vpcEndpoints: this.#endpoints(own, first),
      code: this.#code,
    };
  }

  /** The endpoints that a transport creates. A VPC has one for each service: the first transport creates those of all. */
  #endpoints(
    { vpc, vpcEndpoints }: LmtpDeliveryProps,
    first: LmtpDelivery | undefined,
  ): LmtpDeliveryProps['vpcEndpoints'] {
    if (first === undefined) return vpcEndpoints === true && this.#all.length > 1 ? endpointNames : vpcEndpoints;
    const isThere = vpc !== undefined && vpc === first.network?.vpc && vpcEndpoints !== false;
    return isThere ? vpcEndpoints && 'existing' : vpcEndpoints;
  }

  /** The incoming queues of the other transports, which are resolved at synth, when all exist. */
  #neighbours(settings: ContextSettings): NonNullable<LmtpDeliveryProps['otherTransports']> {
    const names = this.#all.map(nameOf).filter((name) => name !== nameOf(settings));
    const twice = names.find((name) => Object.hasOwn(settings.otherTransports, name));
    if (twice !== undefined) throw refuse('otherTransports', twice, 'a name that transports does not have');
    return Object.fromEntries(names.map((name) => [name, () => this.#queueOf(name)]));
  }

  #queueOf(name: string): LmtpDelivery['queues']['incoming'] {
    const delivery = this.#deliveries.get(name);
    if (delivery === undefined) throw new Error(`there is no transport ${name} yet`);
    return delivery.queues.incoming;
  }

  #openFrontDoors({ sesTopics, objectPrefix }: ContextSettings): void {
    for (const arn of sesTopics) this.delivery.receiveFromSes(this.#named.topic(arn));
    if (objectPrefix === undefined) return;
    const { messageBucket } = this.delivery.stores;
    within('objectPrefix', () => this.delivery.receiveObjects(messageBucket, objectPrefix));
  }
}

/** Puts the place before the message of an error. */
function within<T>(place: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof PropsError)) throw error;
    throw new PropsError(`${place}: ${error.message}`, { cause: error });
  }
}

/** Returns the name of the stack. Each transport has its own, so `-c transport=mailman` deploys a second stack. */
export function stackName([{ transport = 'lmtp', transports }]: Transports): string {
  return transport === 'lmtp' || transports !== undefined ? 'LambdaLmtp' : `LambdaLmtp-${transport}`;
}
