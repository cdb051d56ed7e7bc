import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bufferedLineLimit, endlessLine, LineReader, printable } from '../../functions/session/line-reader.ts';

function readerOf(...chunks: readonly string[]): LineReader {
  const reader = new LineReader();
  for (const chunk of chunks) reader.push(Buffer.from(chunk));
  return reader;
}

test('a line is complete with its line end', () => {
  const reader = readerOf('250', ' ok');
  assert.equal(reader.shift(), undefined);
  reader.push(Buffer.from('\r\n354'));
  assert.equal(reader.shift(), '250 ok');
  assert.equal(reader.shift(), undefined);
});

test('a character that arrives in two parts is one character', () => {
  const octets = Buffer.from('é\n');
  const reader = new LineReader();
  reader.push(octets.subarray(0, 1));
  reader.push(octets.subarray(1));
  assert.equal(reader.shift(), 'é');
});

test('any unread input is detected, even half a line', () => {
  assert.equal(readerOf().hasUnread, false);
  assert.equal(readerOf('4').hasUnread, true);
  assert.equal(readerOf('\n').hasUnread, true);
  const reader = readerOf('250 ok\r\n');
  reader.shift();
  assert.equal(reader.hasUnread, false);
});

test('a line ends at a NUL, as in Postfix', () => {
  assert.equal(readerOf('250 ok\0 and more\r\n').shift(), '250 ok');
});

test('too many lines are detected, until they have been read', () => {
  const reader = readerOf('x\n'.repeat(bufferedLineLimit));
  assert.equal(reader.isFull, true);
  reader.shift();
  assert.equal(reader.isFull, false);
});

test('an endless line is detected, and little of it is kept', () => {
  const reader = new LineReader();
  const chunk = Buffer.alloc(65_536, 'x');
  for (let octets = 0; octets <= endlessLine; octets += chunk.length) {
    assert.equal(reader.isEndless, false);
    reader.push(chunk);
  }
  assert.equal(reader.isEndless, true);
  reader.push(Buffer.from('\n'));
  assert.equal(reader.isEndless, false);
  assert.equal(reader.shift()?.length, 2048);
});

test('control characters appear as question marks', () => {
  assert.equal(printable('a\u0007\u001b[2J\u007f\u0085\u2028\ufffdé😀'), 'a??[2J????é😀');
});
