/** Returns a message of so many octets, in lines of 76, as stored: with LF. */
export function makeMessage(size: number): Buffer {
  const head = 'From: alice@example.org\nTo: bob@example.com\nSubject: a message to measure with\n\n';
  const line = `${'The quick brown fox jumps over the lazy dog. '.repeat(2).slice(0, 75)}\n`;
  const message = Buffer.alloc(size, line);
  message.write(head);
  message.write('\n', size - 1);
  return message;
}
