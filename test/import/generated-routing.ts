/** Generated configurations: classes of domains, transports and transport_maps that overlap. */
import fc from 'fast-check';

const domains = ['a.test', 'b.test', 'sub.a.test', 'deep.sub.a.test', 'c.test', 'mx.example.com'] as const;
const users = ['joe', 'ann', 'joe+x'] as const;
const hops = ['inet:s1.test:24', 'inet:s2.test:2400', '[192.0.2.7]', 'inet:s1.test'] as const;

/** Addresses that the configurations may know, and others. */
export const addresses: readonly string[] = [...domains, 'else.test', 'x.c.test'].flatMap((domain) =>
  users.map((user) => `${user}@${domain}`),
);

const transport = fc.oneof(
  fc.constantFrom(...hops).map((hop) => `lmtp:${hop}`),
  fc.constantFrom('lmtp:', 'mailman:inet:lists.test:8024', 'smtp', 'smtp:[out.test]', 'error:5.1.1 no', 'discard:'),
);

const key = fc.oneof(
  fc.constantFrom(...domains),
  fc.constantFrom(...domains).map((domain) => `.${domain}`),
  fc.tuple(fc.constantFrom(...users), fc.constantFrom(...domains)).map(([user, domain]) => `${user}@${domain}`),
  fc.constant('*'),
);

const result = fc.oneof(
  transport,
  fc.constantFrom(
    ':',
    ':inet:s9.test:24',
    'retry:4.3.0 wait',
    'retry:5.1.1 no',
    'error:4.3.0 x; y',
    'error:5.1.1',
    'error:',
    'lmtp',
  ),
);

/** A generated main.cf by name, and the table of transport_maps. */
export interface GeneratedConfiguration {
  readonly settings: Readonly<Record<string, string>>;
  readonly transport: string;
}

const some = fc.subarray([...domains], { maxLength: 3 }).map((names) => names.join(' '));

/** Configurations. */
export const generatedConfigurations: fc.Arbitrary<GeneratedConfiguration> = fc
  .record({
    mydestination: some,
    virtual_mailbox_domains: some,
    relay_domains: some,
    virtual_transport: transport,
    relay_transport: transport,
    default_transport: transport,
    local_transport: fc.oneof(transport, fc.constant('local:$myhostname')),
    mailbox_transport: fc.oneof(fc.constant(''), transport),
    relayhost: fc.constantFrom('', '[relay.test]'),
    recipient_delimiter: fc.constantFrom('', '+'),
    entries: fc.uniqueArray(fc.tuple(key, result), { maxLength: 6, selector: ([one]) => one }),
  })
  .map(({ entries, ...settings }) => ({
    settings: {
      compatibility_level: '3.6',
      myhostname: 'mx.example.com',
      virtual_alias_domains: '',
      transport_maps: 'texthash:/ETC/transport',
      ...settings,
    },
    transport: entries.map(([one, value]) => `${one} ${value}\n`).join(''),
  }));
