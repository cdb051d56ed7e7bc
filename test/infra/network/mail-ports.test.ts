import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseParameters } from '../../../functions/parameters/parameters.ts';
import { parseDestination, portsOf } from '../../../functions/request/destination.ts';
import { parseTransportMap } from '../../../functions/request/transport-map.ts';
import { type Delivering, type MailTarget, mailTargets } from '../../../infra/network/mail-ports.ts';

const to = (transportMap: string, over: Partial<Delivering> = {}): Delivering => ({
  transport: 'lmtp',
  transportMap,
  ...over,
});

/** Whether a security group with these rules permits a connection. */
function letsOut(targets: readonly MailTarget[], host: string, port: number): boolean {
  return targets.some((target) => target.port === port && (target.address ?? host) === host);
}

const host = fc.oneof(
  fc.constantFrom('a.example.com', 'b.example.net', 'c'),
  fc.ipV4().map((address) => `[${address}]`),
  fc.ipV6().map((address) => `[${address}]`),
);
const port = fc.oneof(
  fc.constant(''),
  fc.integer({ min: 26, max: 65_535 }).map((number) => `:${number}`),
  fc.constant(':lmtps'),
);
const hop = fc.tuple(fc.constantFrom('', 'inet:'), host, port).map((parts) => parts.join(''));
const destination = fc.array(hop, { minLength: 1, maxLength: 4 }).map((hops) => hops.join(','));

test('the security group permits every connection that the functions may make', () => {
  const parameters = parseParameters({ known_tcp_ports: 'lmtps=2526', lmtp_tcp_port: '2424' });
  const ports = portsOf(parameters);
  const everywhere = fc.record({
    mapped: fc.array(destination, { maxLength: 5 }),
    allowedDestinations: fc.array(destination, { maxLength: 3 }),
  });
  fc.assert(
    fc.property(everywhere, ({ mapped, allowedDestinations }) => {
      const map = mapped.map((text, index) => `d${index}.example lmtp:${text}`).join('\n');
      const targets = mailTargets(to(map, { allowedDestinations }), parameters) ?? [];
      const { destinations } = parseTransportMap(map, 'lmtp', ports);
      for (const text of [...destinations, ...allowedDestinations]) {
        for (const next of parseDestination(text, ports)) {
          assert.ok(next.kind === 'inet' && letsOut(targets, next.host, next.port), text);
        }
      }
      // And to no other port.
      const named = [...destinations, ...allowedDestinations].flatMap((text) => [...parseDestination(text, ports)]);
      const wanted = new Set(named.map((next) => (next.kind === 'inet' ? next.port : 0)));
      assert.deepEqual(new Set(targets.map((target) => target.port)), wanted);
    }),
  );
});

const parameters = parseParameters({});

test("mail to the recipient's own domain may go anywhere, to the port of LMTP", () => {
  assert.deepEqual(mailTargets(to('* lmtp:'), parameters), [{ port: 24 }]);
});

test('error:, retry: and other transports need no port', () => {
  const map = 'a.example error:gone\nb.example retry:later\nc.example discard:\nd.example mailman:';
  assert.deepEqual(mailTargets(to(map, { otherTransports: { mailman: {} } }), parameters), []);
});

test('a port in an SRV record, or in a map that may change, is not known', () => {
  const withSrv = parseParameters({ use_srv_lookup: 'lmtp' });
  assert.equal(mailTargets(to('* lmtp:inet:example.com:lmtp'), withSrv), undefined);
  // A name in brackets has no SRV record.
  assert.deepEqual(mailTargets(to('* lmtp:[example.com]:lmtp'), withSrv), [{ port: 24 }]);
  assert.equal(mailTargets(to('', { transportMapObject: {} }), parameters), undefined);
});
