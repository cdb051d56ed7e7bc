import type { Row } from './row.ts';

/** Destinations, their look-ups and their addresses. */
export const destinationRows = {
  lmtp_tcp_port: {
    kind: 'port',
    default: '24',
    min: 1,
    max: 65_535,
    meaning: 'The port of a next-hop without a port: a number, or a service of known_tcp_ports.',
    atDeployment: 'the names of destinations, by which mail waits, contain the port',
  },
  known_tcp_ports: {
    kind: 'ports',
    default: 'lmtp=24, smtp=25, smtps=submissions=465, submission=587',
    meaning: 'Names for ports. There is no services(5).',
    atDeployment: 'the names of destinations, by which mail waits, contain the port',
  },
  inet_protocols: {
    kind: 'words',
    default: 'all',
    min: 1,
    allowed: ['all', 'ipv4', 'ipv6'],
    meaning: 'Address families that are looked up and connected to.',
  },
  lmtp_address_preference: {
    kind: 'choice',
    default: 'any',
    allowed: ['any', 'ipv4', 'ipv6'],
    meaning: 'The address family that is tried first.',
  },
  lmtp_balance_inet_protocols: {
    kind: 'switch',
    default: 'yes',
    meaning: 'When lmtp_mx_address_limit shortens the list of addresses, keep addresses of both families.',
  },
  lmtp_randomize_addresses: {
    kind: 'switch',
    default: 'yes',
    meaning: 'Try the addresses of one host in random order.',
  },
  lmtp_mx_address_limit: {
    kind: 'number',
    default: '5',
    min: 0,
    max: 1000,
    meaning: 'Addresses tried for one next-hop; 0 = all.',
  },
  lmtp_mx_session_limit: {
    kind: 'number',
    default: '2',
    min: 0,
    max: 1000,
    meaning: 'Sessions past the handshake for one next-hop; 0 = the number of addresses.',
  },
  lmtp_fallback_relay: {
    kind: 'words',
    default: '',
    pattern: /^(?!inet:|unix:)\S+$/,
    wanted: 'a host, host:port, [address] or [address]:port without inet:',
    meaning: 'Next-hops that are tried in order after the destination has failed; not for unix: destinations.',
    atDeployment: 'the network rules of the deployment are made from it',
  },
  disable_dns_lookups: {
    kind: 'switch',
    default: 'no',
    meaning: 'Look up addresses through the system (hosts file first), not the DNS.',
  },
  lmtp_dns_support_level: {
    kind: 'choice',
    default: '',
    allowed: ['', 'disabled', 'enabled'],
    meaning: 'Whether the DNS is used; empty = disable_dns_lookups decides.',
    differs: 'Postfix also has dnssec; no resolver here validates.',
  },
  lmtp_host_lookup: {
    kind: 'words',
    default: 'dns',
    min: 1,
    allowed: ['dns', 'native'],
    meaning: 'Where addresses are looked up, in order: dns, native (the hosts file and other sources of the system).',
  },
  lmtp_cname_overrides_servername: {
    kind: 'switch',
    default: 'no',
    meaning: 'Use the target of a CNAME as the name of the server: in logs, for passwords, for certificates.',
  },
  use_srv_lookup: {
    kind: 'patterns',
    default: '',
    matches: 'strings',
    meaning:
      'Services whose SRV records are looked up, as in `inet:example.com:lmtp` (_lmtp._tcp.example.com); not for [host].',
    atDeployment: 'the network rules of the deployment are made from it',
  },
  ignore_srv_lookup_error: {
    kind: 'switch',
    default: 'no',
    meaning: 'When the SRV look-up fails temporarily, look up addresses of the name itself instead of deferring.',
  },
  allow_srv_lookup_fallback: {
    kind: 'switch',
    default: 'no',
    meaning: 'When there is no SRV record, look up addresses of the name itself instead of failing.',
  },
  allow_local_destinations: {
    kind: 'switch',
    default: 'no',
    meaning: 'Allow loopback, link-local and multicast addresses as destinations.',
    differs: 'Ours: a producer must not reach services that only this machine should reach.',
    atDeployment: 'synth checks every destination with it',
  },
} as const satisfies Record<string, Row>;
