import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { findSecrets } from './secret-search.ts';
import { testSecrets } from './test-secrets.ts';

const { password } = testSecrets;

describe('a secret is found', () => {
  const leaks: Readonly<Record<string, string>> = {
    'as it is': `auth failed for joe:${password}`,
    'in JSON': JSON.stringify({ why: `joe:${testSecrets.oddPassword}` }),
    'in base64': `C: ${Buffer.from(password).toString('base64')}`,
    'in a response of PLAIN': `AUTH PLAIN ${Buffer.from(`\0joe\0${password}`).toString('base64')}`,
    'anywhere within base64': Buffer.from(`{"who":"joe","password":"${password}"}`).toString('base64'),
    'one octet further within base64': Buffer.from(`{"who":"joey","password":"${password}"}`).toString('base64'),
    'two octets further within base64': Buffer.from(`{"who":"joey","passwords":"${password}"}`).toString('base64'),
    'as a hash': createHash('sha256').update(password).digest('hex'),
    'in base64, if it is a plain word': `AUTH PLAIN ${Buffer.from('\0joe\0secret').toString('base64')}`,
  };
  for (const [name, text] of Object.entries(leaks)) {
    test(name, () => {
      const [finding] = findSecrets(`before ${text} behind`);
      assert.ok(finding);
      assert.ok(!`${finding.what} ${finding.where}`.includes(password));
    });
  }
});

test('a text without a secret yields nothing', () => {
  assert.deepEqual(findSecrets('AUTH PLAIN <hidden>; the secret cannot be read; c2Vj cmV0'), []);
});
