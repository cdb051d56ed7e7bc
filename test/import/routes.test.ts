/** Routes of a Postfix as a transport map of ours. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type Comparison, compareRoutes, parseReplacement } from '../../functions/import/compare.ts';
import { mapText } from '../../functions/import/compose.ts';
import type { Imported } from '../../functions/import/import.ts';
import { configurationOf, imported, importedMain } from './configurations.ts';
import { addresses, generatedConfigurations } from './generated-routing.ts';

const compare = (recipients: readonly string[], given: Imported, replace = new Map<string, string>()) =>
  compareRoutes(recipients, given, {
    routing: given.routing,
    read: () => undefined,
    replace,
    isUnanswered: () => true,
  });

const verdicts = (all: readonly Comparison[]) => all.map(({ recipient, verdict }) => `${recipient} ${verdict}`);

const firstMap = ({ transports: [first] }: Imported) => (first === undefined ? '' : mapText(first));

const lmtpMaster = `${configurationOf('dovecot-virtual').master}mailman unix - - n - - lmtp\n`;

test('500 generated configurations send every address where Postfix would, or leave it with Postfix', () => {
  fc.assert(
    fc.property(generatedConfigurations, ({ settings, transport }) => {
      const main = Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`);
      const given = imported({ main: main.join(''), master: lmtpMaster, read: () => transport });
      const wrong = compare(addresses, given).filter(({ verdict }) => verdict !== 'same' && verdict !== 'stays');
      assert.deepEqual(wrong, [], `${main.join('')}${transport}`);
    }),
    { numRuns: 500, seed: 8 },
  );
});

describe('the classes of domains', () => {
  test('a key of transport_maps that is wider than a class still has the last word', () => {
    const main =
      'virtual_mailbox_domains = sub.a.test\nvirtual_transport = lmtp:inet:one:24\ntransport_maps = hash:/t\n';
    const given = importedMain(main, { '/t': '.a.test lmtp:inet:two:24\n' });
    assert.equal(firstMap(given), '.a.test lmtp:inet:two:24');
    assert.deepEqual(verdicts(compare(['x@sub.a.test', 'x@a.test'], given)), ['x@sub.a.test same', 'x@a.test stays']);
  });

  test('a domain that is not LMTP waits where a wider key would deliver it', () => {
    const main = 'compatibility_level = 3.6\nmydestination = local.test\ndefault_transport = lmtp:inet:store:24\n';
    const given = importedMain(main);
    assert.match(firstMap(given), /^local\.test retry:4\.3\.0 in Postfix this is not LMTP: local:/);
    assert.equal(given.transports[0]?.destination, 'inet:store:24');
    assert.deepEqual(verdicts(compare(['x@local.test', 'x@any.test'], given)), [
      'x@local.test stays',
      'x@any.test same',
    ]);
  });

  test('domains of a database go to the destination of all mail, and the recipients cannot be compared without it', () => {
    const main = 'mydestination =\nvirtual_mailbox_domains = mysql:/d.cf\nvirtual_transport = lmtp:inet:store:24\n';
    const given = importedMain(main);
    assert.equal(given.transports[0]?.destination, 'inet:store:24');
    assert.deepEqual(verdicts(compare(['x@any.test'], given)), ['x@any.test unknown']);
  });

  test('an alias domain is left to the producer: its mail neither bounces nor is delivered', () => {
    const main = 'virtual_alias_domains = a.test\ndefault_transport = lmtp:inet:store:24\nmydestination =\n';
    assert.match(firstMap(importedMain(main)), /^a\.test retry:4\.3\.0 the producer expands the aliases/);
  });
});

describe('servers that a function cannot reach', () => {
  const main = 'mydestination =\nvirtual_mailbox_domains = a.test\nvirtual_transport = lmtp:unix:private/lmtp\n';

  test('a UNIX socket is refused, with the option that replaces it', () => {
    const given = importedMain(main);
    const [row] = given.rows.filter(({ class: found }) => found === 'refused');
    assert.equal(row?.name, 'virtual_transport');
    assert.match(row?.todo ?? '', /--replace 'unix:private\/lmtp=inet:HOST:24'/);
    assert.equal(firstMap(given), '');
  });

  test('a replaced next-hop is used, and the parameters of its transport are imported with or without it', () => {
    const more = `${main}lmtp_destination_recipient_limit = 7\n`;
    const replaced = importedMain(more);
    assert.equal(replaced.transports[0]?.parameters['lmtp_destination_recipient_limit'], '7');
    const pair = parseReplacement('unix:private/lmtp=inet:store.test:24');
    assert.deepEqual(pair, ['unix:private/lmtp', 'inet:store.test:24']);
    const given = imported(
      { main: more, master: configurationOf('dovecot-virtual').master, read: () => undefined },
      { 'unix:private/lmtp': 'inet:store.test:24' },
    );
    assert.equal(firstMap(given), 'a.test lmtp:inet:store.test:24');
  });

  test('loopback, localhost and port 25 are refused', () => {
    for (const hop of ['inet:127.0.0.1:24', 'inet:[::1]:24', 'inet:localhost:24', 'inet:store:25']) {
      const given = importedMain(main.replace('unix:private/lmtp', hop));
      assert.deepEqual(
        given.rows.filter(({ class: found }) => found === 'refused').map(({ name }) => name),
        ['virtual_transport'],
        hop,
      );
    }
  });
});

test('a recipient that Postfix rewrites differs, with the table that does it', () => {
  const main =
    'mydestination =\nvirtual_mailbox_domains = a.test\nvirtual_transport = lmtp:inet:s:24\nvirtual_alias_maps = hash:/v\n';
  const aliases = 'info@a.test joe@a.test\nsame@a.test same@a.test\n@old.test @a.test\n';
  const given = importedMain(main, { '/v': aliases });
  const read = (path: string) => (path === '/v' ? aliases : undefined);
  const all = compareRoutes(['info@a.test', 'same@a.test', 'joe@a.test', 'x@old.test'], given, {
    routing: given.routing,
    read,
    replace: new Map(),
    isUnanswered: () => true,
  });
  assert.deepEqual(verdicts(all), ['info@a.test differs', 'same@a.test same', 'joe@a.test same', 'x@old.test differs']);
  assert.match(all[0]?.why ?? '', /virtual_alias_maps makes joe@a\.test of it/);
  assert.match(all[3]?.why ?? '', /virtual_alias_maps makes x@a\.test of it/);
});

test('a map that the environment has no room for is left out, and the row says how to use it', () => {
  const table = Array.from({ length: 100 }, (_, index) => `customer-${index}.test lmtp:inet:store.test:24\n`).join('');
  const given = importedMain('mydestination =\ntransport_maps = hash:/t\n', { '/t': table });
  const row = given.rows.find(({ name }) => name === 'map of lmtp');
  assert.match(row?.todo ?? '', /--transport-map FILE.*transportMapObject/);
});
