/** The domains that this stack delivers to. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseParameters } from '../../functions/parameters/parameters.ts';
import { localDomains } from '../../functions/report/local-domains.ts';
import { parseTransportMap } from '../../functions/request/transport-map.ts';

const { relay_domains } = parseParameters({ relay_domains: 'ours.test' });
const map = (text: string) => parseTransportMap(text, 'lmtp', 24);

test('the domains of the map, and relay_domains with their subdomains, are local', () => {
  const domains = localDomains(map('named.test lmtp:inet:a\n* lmtp:inet:a\n'), relay_domains);
  for (const address of ['a@named.test', 'a@ours.test', 'a@mail.ours.test'])
    assert.ok(domains.covers(address), address);
  for (const address of ['a@theirs.test', 'a@notours.test', 'a', 'ours.test'])
    assert.ok(!domains.covers(address), address);
});

test('a relay domain without an entry in the map is not local: a report would end in corrupt', () => {
  const domains = localDomains(map('named.test lmtp:inet:a\n'), relay_domains);
  assert.ok(domains.covers('a@named.test'));
  assert.ok(!domains.covers('a@ours.test'));
});
