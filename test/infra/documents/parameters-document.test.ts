/** docs/parameters.md: its statements are true. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isParameterName, parameterNames, parseParameters } from '../../../functions/parameters/parameters.ts';
import { refusedParameters } from '../../../functions/parameters/refused.ts';
import { parameterSubjects, parameterTable } from '../../../functions/parameters/table.ts';
import { refusalOf } from '../../../functions/parameters/why-not.ts';
import { openPasswordMaps } from '../../../functions/secrets/open-password-maps.ts';
import { manualPage } from '../../../infra/documents/lmtp-manual-page.ts';
import { parametersDocument } from '../../../infra/documents/parameters-document.ts';

const document = parametersDocument();

/** Names in backquotes that look like parameters. */
const namesIn = (text: string) => [...text.matchAll(/`(\w+_\w+)`/g)].flatMap(([, name]) => name ?? []);

test('every parameter has one line, under its subject', () => {
  for (const name of parameterNames) assert.equal(document.split(`\n| \`${name}\` |`).length, 2, name);
  const bySubject = Object.values(parameterSubjects).flatMap((rows) => Object.keys(rows));
  assert.deepEqual(bySubject, Object.keys(parameterTable));
});

test('every refused parameter is in it', () => {
  const said = new Set(namesIn(document.slice(document.indexOf('## Known'))));
  assert.deepEqual(
    [...refusedParameters.keys()].filter((name) => !said.has(name)),
    [],
  );
});

test('every name in it is that of a parameter, or of a refused one', () => {
  const others = ['_destination_concurrency_limit', '_destination_recipient_limit'];
  const unknown = namesIn(document).filter((name) => !isParameterName(name) && refusalOf(name) === undefined);
  assert.deepEqual(
    [...new Set(unknown)].filter((name) => !others.includes(name)),
    [],
  );
});

test('every map in it can be opened', () => {
  const examples = [...document.matchAll(/^\| `(?:static|inline|texthash|regexp)` \| `(.*?)` \|/gm)];
  assert.equal(examples.length, 5);
  const rules = document
    .split('\n')
    .filter((line) => line.startsWith('    '))
    .map((line) => line.slice(4));
  const readFile = (path: string) => (path.endsWith('replies') ? rules.join('\n') : '10.0.1.7 pipelining');
  const find = (maps: string, key: string) =>
    parseParameters({ lmtp_reply_filter: maps }, { readFile }).lmtp_reply_filter.find(key);
  for (const [, example = ''] of examples) find(example, 'x');
  assert.equal(find('regexp:/opt/maps/replies', '4.2.2 mailbox full'), '5.2.2 full for good: mailbox full');
  assert.equal(find('regexp:/opt/maps/replies', '450 example.com 7'), '4.2.1 example.com 7 (again later)');
  assert.equal(find('regexp:/opt/maps/replies', 'hello'), '4.5.0 what is this?');
});

test('the secret in it is a table of passwords', async () => {
  const [, text = ''] = /```json\n(.*?)```/s.exec(document) ?? [];
  const maps = openPasswordMaps('secretsmanager:shown');
  const find = (key: string) => maps.find([key], { fetch: async () => ({ text, version: '1' }) });
  assert.equal((await find('mail.example.com'))?.credentials.secret, 'secret');
  assert.equal((await find('[10.0.0.7]:24'))?.credentials.kind, 'password');
  assert.equal((await find('store.example.net'))?.credentials.kind, 'token');
});

test('every statement of the manual page has an answer', () => {
  const statements = Object.values(manualPage).flat();
  assert.ok(statements.length > 45);
  for (const { statement, here } of statements) {
    assert.match(statement, /\S/);
    assert.match(here, /\S/, statement);
    assert.doesNotMatch(statement + here, /[|\n]/, statement);
  }
});

test('the manual page had these parameters, and each has its statement', () => {
  const said = new Set(namesIn(JSON.stringify(manualPage)));
  const page = `debug_peer_level debug_peer_list error_notice_recipient notify_classes lmtp_skip_quit_response lmtp_tcp_port
    lmtp_sasl_auth_enable lmtp_sasl_password_maps lmtp_sasl_security_options lmtp_cache_connection max_idle max_use
    default_destination_concurrency_limit default_destination_recipient_limit lmtp_connect_timeout lmtp_lhlo_timeout
    lmtp_mail_timeout lmtp_rcpt_timeout lmtp_data_init_timeout lmtp_data_xfer_timeout lmtp_data_done_timeout
    lmtp_rset_timeout lmtp_quit_timeout`;
  for (const name of page.split(/\s+/)) assert.ok(said.has(name), name);
});
