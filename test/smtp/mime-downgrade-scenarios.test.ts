/** The octets that Postfix sent to servers without 8BITMIME, compared with ours octet by octet. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { ContentEncoder } from '../../functions/smtp/content-encoder.ts';
import { MimeDowngrader } from '../../functions/smtp/mime-downgrade.ts';
import { loadScenario, messageToDeliver, type Scenario, scenarioNames } from '../conformance/scenario.ts';
import type { ContentFacts } from '../support/received-content.ts';

const sha256 = (octets: Buffer) => createHash('sha256').update(octets).digest('hex');

/** The octets on the wire, read in chunks of this size. */
function wire({ scenario, chunk, stuff }: { scenario: Scenario; chunk: number; stuff: boolean }): Buffer {
  const message = messageToDeliver(scenario);
  const downgrader = new MimeDowngrader();
  const encoder = new ContentEncoder({ lineLimit: Number(scenario.params['lmtp_line_length_limit'] ?? 998), stuff });
  const out: Buffer[] = [];
  for (let at = 0; at < message.length; at += chunk) {
    out.push(encoder.push(downgrader.push(message.subarray(at, at + chunk))));
  }
  out.push(encoder.push(downgrader.end()), encoder.end());
  assert.equal(downgrader.fault, undefined);
  return Buffer.concat(out);
}

function observedContents(scenario: Scenario): readonly ContentFacts[] {
  const contents: readonly { readonly complete: boolean }[] = scenario.observed.connections.flatMap((c) => c.contents);
  return contents.filter((content): content is ContentFacts => content.complete);
}

function assertSameAsPostfix(scenario: Scenario): void {
  const observed = observedContents(scenario);
  assert.notEqual(observed.length, 0, 'nothing was observed');
  for (const content of observed) {
    assert.equal(sha256(wire({ scenario, chunk: 65_536, stuff: false })), content.sha256);
    assert.equal(sha256(wire({ scenario, chunk: 65_536, stuff: true })), content.wire_sha256);
    assert.equal(sha256(wire({ scenario, chunk: 7, stuff: true })), content.wire_sha256);
  }
}

describe('a server without 8BITMIME gets the same from us as from Postfix', () => {
  for (const name of [
    '8bit-unsupported-undeclared',
    '8bit-unsupported-multipart',
    '8bit-unsupported-long-line',
    '8bit-unsupported-ascii',
    '8bit-unsupported-no-mime',
  ]) {
    const scenario = loadScenario(name);
    test(scenario.about, () => assertSameAsPostfix(scenario));
  }
});

describe('content without a declaration passes unchanged', () => {
  for (const name of scenarioNames().filter((scenario) => scenario.startsWith('bytes-'))) {
    const scenario = loadScenario(name);
    test(scenario.about, () => assertSameAsPostfix(scenario));
  }
});
