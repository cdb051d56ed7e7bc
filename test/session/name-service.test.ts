import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DnsNameService } from '../../functions/session/name-service.ts';
import { type DnsZone, startDnsServer } from '../support/dns-server.ts';

/** Looks a name up, with a name server that knows only the zone. */
async function lookUp(host: string, zone: DnsZone) {
  await using server = await startDnsServer(zone);
  const names = new DnsNameService({ servers: [server.address], timeout: 100, tries: 1 });
  return { lookup: await names.lookUp(host, ['ipv4', 'ipv6']), asked: server.asked };
}

test('a host has its IPv4 addresses, then its IPv6 addresses', async () => {
  const { lookup } = await lookUp('mail.test', { 'mail.test': { A: ['10.0.0.2', '10.0.0.1'], AAAA: ['2001:db8::1'] } });
  assert.deepEqual(lookup, { kind: 'found', addresses: ['10.0.0.2', '10.0.0.1', '2001:db8::1'] });
});

test('one kind of address is enough, whatever the other lookup returns', async () => {
  assert.deepEqual((await lookUp('v4.test', { 'v4.test': { A: ['10.0.0.1'] } })).lookup, {
    kind: 'found',
    addresses: ['10.0.0.1'],
  });
  assert.deepEqual((await lookUp('v6.test', { 'v6.test': { AAAA: ['2001:db8::1'] } })).lookup, {
    kind: 'found',
    addresses: ['2001:db8::1'],
  });
});

test('MX records are never looked up', async () => {
  const { lookup } = await lookUp('mx.test', {
    'mx.test': { MX: [[10, 'mail.test']] },
    'mail.test': { A: ['10.0.0.1'] },
  });
  assert.deepEqual(lookup, { kind: 'no data', type: 'AAAA' });
});

test('a name that does not exist is distinguished from one without an address', async () => {
  assert.deepEqual((await lookUp('nowhere.test', {})).lookup, { kind: 'unknown', type: 'AAAA' });
  assert.deepEqual((await lookUp('empty.test', { 'empty.test': {} })).lookup, { kind: 'no data', type: 'AAAA' });
});

test('a name server that cannot answer, or does not, may do so later', async () => {
  for (const failure of [{ rcode: 'SERVFAIL' }, { rcode: 'REFUSED' }, { drop: true }] as const) {
    assert.deepEqual((await lookUp('late.test', { 'late.test': failure })).lookup, { kind: 'try again', type: 'AAAA' });
  }
});

test('localhost is known without a lookup', async () => {
  const { lookup, asked } = await lookUp('localhost', {});
  assert.deepEqual(lookup, { kind: 'found', addresses: ['127.0.0.1', '::1'] });
  assert.deepEqual(asked, []);
});
