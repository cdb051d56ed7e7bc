/**
 * Texts of others take linear time: a megabyte that makes an expression try again from each place would take hours, and an
 * exponential one would never end. Each text here did so once.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jsonStructure } from '../functions/json/structure.ts';
import { Names } from '../functions/lmtp/final-replies.ts';
import { escaped } from '../functions/log/postfix-line.ts';
import { inCommon, wordsToShow } from '../functions/operator/common-words.ts';
import { splitMailbox } from '../functions/operator/destination-name.ts';
import { wordsOf } from '../functions/operator/fingerprint.ts';
import { cutText } from '../functions/queue/items/plan.ts';
import { oneLine } from '../functions/report/text.ts';
import { parseTransportMap } from '../functions/request/transport-map.ts';
import { readPasswordTable } from '../functions/secrets/password-table.ts';
import { deliveredTo } from '../functions/smtp/header-scan.ts';
import { addressFault, quoteAddress } from '../functions/smtp/path.ts';
import { readNameRules } from '../functions/tls/match-rules.ts';
import { lines, parameters } from '../infra/context/context-readers.ts';

const octets = 1_000_000;
const many = (text: string, end = '') => text.repeat(octets / text.length) + end;
const reply = (text: string) => ({ dsn: '4.2.2', text }) as const;
const names = new Names(['a@x']);
const said = (text: string) => ({ code: 550, status: '5.1.1', text, lines: [text], garbled: false }) as const;

const cases: Readonly<Record<string, () => unknown>> = {
  'blanks in a log line': () => escaped(many(' ', 'x')),
  'line ends in a log line': () => escaped(many(' \n', 'x')),
  'blanks in a report': () => oneLine(many('\t', 'x')),
  'punctuation in a final reply': () => names.isOfAnother(said(many('!', 'x')), 0),
  'punctuation in the words of a reply': () => wordsOf(`x${many('<')}x`),
  'blanks in a reply': () => wordsToShow(reply(many(' ', 'x'))),
  'a command in a reply, without an end': () => wordsToShow(reply(`${many('(in reply to ')}) ...`)),
  'what two replies have in common': () =>
    inCommon(wordsToShow(reply(`@${many('.')}x`)), wordsToShow(reply(`@${many('.')}y`))),
  'dots behind a domain': () => inCommon(wordsToShow(reply(many('"', 'x'))), wordsToShow(reply(many('"', 'y')))),
  'characters that replace others': () => cutText(many('\ufffd', 'x'), 1),
  'a destination of at-signs': () => splitMailbox(many('@:', '\n')),
  'brackets in a rule for names': () => readNameRules(many('[')),
  'quotes in a transport map': () => assert.throws(() => parseTransportMap(`"\\${many('"""\\"\\')}`, 'lmtp', 24)),
  'quotes in a password table': () => assert.throws(() => readPasswordTable(many('"\\"'), 'table', ':')),
  'blanks in a parameter': () => parameters('parameters', `a=${many(' ', '=')}${many(' ', '\n')}`),
  'blanks in a list of lines': () => lines('allowed', many('\t', 'x;')),
  'an address of quotes': () => [quoteAddress(many('"\\')), addressFault(many('"\\'))],
  'a header of blanks': () => deliveredTo(Buffer.from(many('delivered-to \t'))),
  'folded lines': () => deliveredTo(Buffer.from(many('\r\n '))),
  'quotes in JSON': () => jsonStructure(JSON.stringify(many('"\\'))),
};

for (const [what, read] of Object.entries(cases)) {
  test(`${what}: a megabyte is read`, { timeout: 60_000 }, () => void read());
}
