import { type FunctionName, functionNames } from '../functions/bundle.ts';
import type { QueueName } from './emulators.ts';
import type { Outputs } from './local-stack.ts';
import { TemplateError } from './template/intrinsics.ts';
import type { Blueprint, FunctionPlan, QueuePlan } from './template/plans.ts';

/** The resources of an LmtpDelivery construct, found in a template by their paths. */
export interface DeliveryNames {
  readonly functions: Readonly<Record<FunctionName, FunctionPlan>>;
  readonly queues: Readonly<Record<Exclude<QueueName, 'events' | 'notices'>, QueuePlan>>;
  readonly outputs: Outputs;
}

/** Returns the LmtpDelivery constructs of a stack, by path. */
export function deliveriesOf(blueprint: Blueprint): ReadonlyMap<string, DeliveryNames> {
  const places = blueprint.functions.flatMap(({ path }) => /^(.*)\/Functions\/Qmgr$/.exec(path)?.[1] ?? []);
  return new Map(places.map((place) => [place, namesBelow(place, blueprint)] as const));
}

function namesBelow(place: string, { functions, queues, topics, buckets, tables }: Blueprint): DeliveryNames {
  const at = <T extends { readonly path: string }>(plans: readonly T[], path: string): T => {
    const found = plans.find((plan) => plan.path === `${place}/${path}`);
    if (found === undefined) throw new TemplateError(`there is no ${place}/${path} in the template`);
    return found;
  };
  const queue = (name: string) => at(queues, `Queues/${name}`);
  const programs = functionNames.map((name) => {
    const id = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
    return [name, at(functions, `Functions/${id}`)] as const;
  });
  const own = Object.fromEntries(programs) as Record<FunctionName, FunctionPlan>;
  const named = {
    incoming: queue('Incoming'),
    active: queue('Active'),
    activeDeadLetters: queue('ActiveDeadLetters'),
    deferred: queue('Deferred'),
    corrupt: queue('Corrupt'),
    bounce: queue('Bounce'),
  };
  return {
    functions: own,
    queues: named,
    outputs: {
      IncomingQueueUrl: named.incoming.url,
      ActiveQueueUrl: named.active.url,
      DeferredQueueUrl: named.deferred.url,
      CorruptQueueUrl: named.corrupt.url,
      BounceTopicArn: at(topics, 'Topics/Bounce').arn,
      NoticeTopicArn: at(topics, 'Topics/Notice').arn,
      MessageBucketName: at(buckets, 'Stores/MessageBucket').name,
      QueueTableName: at(tables, 'Stores/QueueTable').name,
      CheckFunctionName: own.check.name,
    },
  };
}
