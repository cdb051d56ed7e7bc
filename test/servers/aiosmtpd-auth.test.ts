/** AUTH with Python's aiosmtpd: only under TLS, and with unusual challenges for LOGIN. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Aiosmtpd, aiosmtpdPackages, isAiosmtpdInstalled, startAiosmtpd } from '../support/aiosmtpd.ts';
import { testCertificates } from '../support/certificates.ts';
import { changingSecrets } from '../support/changing-secrets.ts';
import { installLine } from '../support/debian-packages.ts';
import { deliverTo, shortVerdicts, testAgent } from '../support/delivery-agent.ts';
import { recordDialogue } from '../support/recorded-dialogue.ts';
import { testSecrets } from '../support/test-secrets.ts';

const skip = isAiosmtpdInstalled() ? false : `aiosmtpd is not installed: ${installLine(aiosmtpdPackages)}`;

const { password, wrongPassword } = testSecrets;

describe('an aiosmtpd that requires AUTH', { skip }, () => {
  let server: Aiosmtpd;
  let authority: string;
  const accepted: string[] = [];
  before(async () => {
    const certificates = await testCertificates();
    authority = certificates.authority.cert;
    server = await startAiosmtpd({ accounts: { relay: password }, certificate: certificates.right });
  });
  after(async () => {
    await server?.stop();
    console.log(`mechanisms accepted by aiosmtpd, a message delivered by each: ${accepted.join(' ')}`);
  });

  async function send(secret: string, parameters: Record<string, string>) {
    const dialogue = recordDialogue();
    const agent = testAgent(
      {
        // A server that falls silent fails a test, and does not delay it.
        lmtp_starttls_timeout: '30s',
        lmtp_lhlo_timeout: '30s',
        lmtp_tls_security_level: 'secure',
        lmtp_tls_CAfile: 'secretsmanager:authority',
        lmtp_sasl_tls_security_options: 'noanonymous',
        lmtp_sasl_auth_enable: 'yes',
        lmtp_sasl_password_maps: `static:{relay:${secret}}`,
        ...parameters,
      },
      { secrets: changingSecrets({ authority }).store, ...dialogue },
    );
    const outcome = await deliverTo(server.destination, ['a@x.test'], agent);
    const again = await deliverTo(server.destination, ['a@x.test'], agent);
    const asked = dialogue.commands().flatMap((command) => /^AUTH (\S+)/.exec(command)?.[1] ?? []);
    const uses = [outcome, again].map(({ verdicts }) => verdicts[0]?.connUse);
    return { short: shortVerdicts(outcome)[0], text: outcome.verdicts[0]?.text ?? '', asked, uses };
  }

  for (const mechanism of ['PLAIN', 'LOGIN']) {
    test(`accepts us by ${mechanism} under TLS, for one message after the other`, async () => {
      const before = (await server.messages()).length;
      const { short, text, asked, uses } = await send(password, { lmtp_sasl_mechanism_filter: mechanism });
      assert.equal(short, 'sent 2.0.0', text);
      assert.deepEqual([asked, uses], [[mechanism], [1, 2]]);
      assert.equal((await server.messages()).length, before + 2);
      accepted.push(`${mechanism}(TLS)`);
    });

    test(`refuses a wrong password by ${mechanism}: the mail waits`, async () => {
      const { short, text } = await send(wrongPassword, { lmtp_sasl_mechanism_filter: mechanism });
      assert.equal(short, 'deferred 4.7.8');
      assert.match(text, /said: 535 5\.7\.8 Authentication credentials invalid$/);
    });
  }

  test('offers no AUTH without TLS: the mail waits, although PLAIN would be permitted', async () => {
    const inClear = { lmtp_tls_security_level: 'none', lmtp_sasl_security_options: 'noanonymous' };
    const { short, text, asked } = await send(password, inClear);
    assert.equal(short, 'deferred 4.7.0');
    assert.match(text, /does not offer AUTH, and there is a password for it$/);
    assert.deepEqual(asked, []);
  });
});
