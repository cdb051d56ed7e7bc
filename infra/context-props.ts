import type { ContextSettings } from './context.ts';
import type { LmtpDeliveryProps } from './delivery-props.ts';
import type { NamedResources } from './named-resources.ts';

/** The properties of one transport, as the context describes it: what it names in AWS is looked up. */
export function contextProps(settings: ContextSettings, named: NamedResources): LmtpDeliveryProps {
  const { transports: _, sesTopics: _topics, objectPrefix: _prefix, ...plain } = settings;
  const { transportMapObject: map, otherTransports, messageBucket, alarmTopic } = settings;
  const others = Object.entries(otherTransports).map(([name, arn]) => [name, named.queue(arn)] as const);
  return {
    ...plain,
    transportMapObject: map && { bucket: named.bucket(map.bucket), key: map.key },
    otherTransports: Object.fromEntries(others),
    messageBucket: messageBucket === undefined ? undefined : named.bucket(messageBucket),
    allowedBuckets: settings.allowedBuckets.map((name) => named.bucket(name)),
    secrets: settings.secrets.map((secret) => named.secret(secret)),
    alarmTopic: alarmTopic === undefined ? undefined : named.topic(alarmTopic),
  };
}
