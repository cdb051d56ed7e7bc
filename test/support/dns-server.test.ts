import assert from 'node:assert/strict';
import { Resolver } from 'node:dns/promises';
import { test } from 'node:test';
import { type DnsZone, startDnsServer } from './dns-server.ts';

/** Starts a name server, and a resolver that asks no other. */
async function ask(zone: DnsZone) {
  const server = await startDnsServer(zone);
  const resolver = new Resolver({ timeout: 100, tries: 1 });
  resolver.setServers([server.address]);
  return { server, resolver, [Symbol.asyncDispose]: server.close };
}

test('addresses arrive in the order of the zone', async () => {
  const addresses = ['127.0.0.3', '127.0.0.1', '127.0.0.2'];
  await using names = await ask({ 'three.test': { A: addresses, AAAA: ['::1', '2001:db8::1:2', '1:2:3:4:5:6:7:8'] } });
  assert.deepEqual(await names.resolver.resolve4('Three.TEST'), addresses);
  assert.deepEqual(await names.resolver.resolve6('three.test'), ['::1', '2001:db8::1:2', '1:2:3:4:5:6:7:8']);
  assert.deepEqual(names.server.asked, ['three.test', 'three.test']);
});

test('MX and SRV records keep their numbers', async () => {
  const zone: DnsZone = {
    'mx.test': {
      MX: [
        [10, 'a.test'],
        [5, 'b.test'],
      ],
    },
    '_lmtp._tcp.srv.test': { SRV: [[1, 20, 24, 'c.test']] },
  };
  await using names = await ask(zone);
  const exchangers = await names.resolver.resolveMx('mx.test');
  assert.deepEqual(
    exchangers.map(({ priority, exchange }) => [priority, exchange]),
    [
      [10, 'a.test'],
      [5, 'b.test'],
    ],
  );
  const services = await names.resolver.resolveSrv('_lmtp._tcp.srv.test');
  assert.deepEqual(
    services.map(({ priority, weight, port, name }) => [priority, weight, port, name]),
    [[1, 20, 24, 'c.test']],
  );
});

test('an alias is followed', async () => {
  await using names = await ask({ 'alias.test': { CNAME: 'real.test' }, 'real.test': { A: ['127.0.0.5'] } });
  assert.deepEqual(await names.resolver.resolve4('alias.test'), ['127.0.0.5']);
  assert.deepEqual(await names.resolver.resolveCname('alias.test'), ['real.test']);
});

test('a missing name, one without the type, one with an error and one without an answer are distinguished', async () => {
  await using names = await ask({
    'mx.test': { MX: [[10, 'a.test']] },
    'servfail.test': { rcode: 'SERVFAIL' },
    'refused.test': { rcode: 'REFUSED' },
    'slow.test': { drop: true },
  });
  const failure = (name: string) => names.resolver.resolve4(name).catch((error: NodeJS.ErrnoException) => error.code);
  assert.equal(await failure('nohost.test'), 'ENOTFOUND');
  assert.equal(await failure('constructor'), 'ENOTFOUND');
  assert.equal(await failure('mx.test'), 'ENODATA');
  assert.equal(await failure('servfail.test'), 'ESERVFAIL');
  assert.equal(await failure('refused.test'), 'EREFUSED');
  assert.equal(await failure('slow.test'), 'ETIMEOUT');
});

test('an answer too long for UDP arrives by TCP', async () => {
  const many = Array.from({ length: 100 }, (_, index) => `127.0.1.${index}`);
  await using names = await ask({ 'many.test': { A: many } });
  assert.deepEqual(await names.resolver.resolve4('many.test'), many);
  assert.deepEqual(names.server.asked, ['many.test', 'many.test']);
});
