import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Envelope, mailCommand, type Recipient, rcptCommand } from '../../functions/lmtp/commands.ts';
import { addressFault } from '../../functions/smtp/path.ts';
import { offers } from '../support/offers.ts';

const envelope = (given: Partial<Envelope> = {}): Envelope => ({
  sender: 'alice@example.org',
  recipients: [],
  smtputf8: false,
  ...given,
});

const everything = {
  body: '8BITMIME',
  size: 1234,
  smtputf8: true,
  ret: 'HDRS',
  envid: 'QQ=314 159',
} as const satisfies Partial<Envelope>;

test('the sender is in angle brackets, the null sender in empty ones', () => {
  assert.equal(mailCommand(envelope(), offers()), 'MAIL FROM:<alice@example.org>');
  assert.equal(mailCommand(envelope({ sender: '' }), offers()), 'MAIL FROM:<>');
  assert.equal(mailCommand(envelope({ sender: 'a b@x' }), offers()), 'MAIL FROM:<"a b"@x>');
});

test('a server that offers nothing gets no parameters', () => {
  assert.equal(mailCommand(envelope(everything), offers()), 'MAIL FROM:<alice@example.org>');
});

test('known parameters are sent where offered, in the order of Postfix', () => {
  assert.equal(
    mailCommand(envelope(everything), offers('SIZE', '8BITMIME', 'DSN', 'SMTPUTF8')),
    'MAIL FROM:<alice@example.org> SIZE=1234 BODY=8BITMIME ENVID=QQ+3D314+20159 RET=HDRS SMTPUTF8',
  );
});

test('each capability permits its own parameters', () => {
  const parameters = (...keywords: readonly string[]) =>
    mailCommand(envelope(everything), offers(...keywords))
      .replace('MAIL FROM:<alice@example.org>', '')
      .trim();
  assert.equal(parameters('SIZE'), 'SIZE=1234');
  assert.equal(parameters('SIZE 100'), 'SIZE=1234');
  assert.equal(parameters('8BITMIME'), 'BODY=8BITMIME');
  assert.equal(parameters('DSN'), 'ENVID=QQ+3D314+20159 RET=HDRS');
  assert.equal(parameters('SMTPUTF8'), 'BODY=8BITMIME SMTPUTF8');
  assert.equal(parameters('PIPELINING', 'CHUNKING', 'AUTH PLAIN'), '');
});

test('an unset field of the envelope is not sent', () => {
  const all = offers('SIZE', '8BITMIME', 'DSN', 'SMTPUTF8');
  assert.equal(mailCommand(envelope(), all), 'MAIL FROM:<alice@example.org>');
  assert.equal(rcptCommand({ address: 'bob@x' }, envelope(), all), 'RCPT TO:<bob@x>');
  assert.equal(rcptCommand({ address: 'bob@x', notify: [] }, envelope(), all), 'RCPT TO:<bob@x>');
});

test('a recipient may have NOTIFY and ORCPT', () => {
  const recipient: Recipient = {
    address: 'bob one@x',
    notify: ['SUCCESS', 'DELAY'],
    orcpt: 'rfc822;b+1=2@old.example',
  };
  assert.equal(
    rcptCommand(recipient, envelope(), offers('DSN')),
    'RCPT TO:<"bob one"@x> ORCPT=rfc822;b+2B1+3D2@old.example NOTIFY=SUCCESS,DELAY',
  );
  assert.equal(rcptCommand(recipient, envelope(), offers()), 'RCPT TO:<"bob one"@x>');
});

test('an original recipient in UTF-8 is sent in US-ASCII, as its type says, with and without SMTPUTF8', () => {
  for (const [orcpt, wire] of [
    ['utf-8;jürgen+a=b\\c d@exämple.com', 'utf-8;j\\x{FC}rgen\\x{2B}a\\x{3D}b\\x{5C}c\\x{20}d@ex\\x{E4}mple.com'],
    ['UTF-8;\u{1f4ec}@x', 'UTF-8;\\x{1F4EC}@x'],
    ['rfc822;jürgen@x', 'rfc822;j+C3+BCrgen@x'],
  ] as const) {
    for (const offered of [offers('DSN'), offers('DSN', 'SMTPUTF8')]) {
      assert.equal(rcptCommand({ address: 'b@x', orcpt }, envelope(), offered), `RCPT TO:<b@x> ORCPT=${wire}`);
    }
  }
});

test('only the first semicolon of an original recipient ends its type', () => {
  assert.equal(
    rcptCommand({ address: 'b@x', orcpt: 'x-y;a;b' }, envelope(), offers('DSN')),
    'RCPT TO:<b@x> ORCPT=x-y;a;b',
  );
});

test('addresses are sent unquoted where the parameters ask for it', () => {
  const unquoted = envelope({ sender: 'a b@x', unquoted: true });
  assert.equal(mailCommand(unquoted, offers()), 'MAIL FROM:<a b@x>');
  assert.equal(rcptCommand({ address: 'c d@x' }, unquoted, offers()), 'RCPT TO:<c d@x>');
});

test('no envelope can smuggle a second command into its line', () => {
  const all = offers('SIZE', '8BITMIME', 'DSN', 'SMTPUTF8');
  const text = fc.string({ unit: 'binary' });
  fc.assert(
    fc.property(text, text, text, (address, envid, original) => {
      if (addressFault(address) !== undefined) return;
      const mail = mailCommand(envelope({ ...everything, sender: address, envid }), all);
      const rcpt = rcptCommand({ address, orcpt: `rfc822;${original}` }, envelope(), all);
      assert.doesNotMatch(mail, /[\u0000-\u001f\u007f]/);
      assert.doesNotMatch(rcpt, /[\u0000-\u001f\u007f]/);
    }),
    { numRuns: 1000 },
  );
});
