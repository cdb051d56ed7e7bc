/** Certificates and keys of ours: from files and secrets, checked before they are used. */
import assert from 'node:assert/strict';
import { createPrivateKey, randomUUID, X509Certificate } from 'node:crypto';
import { before, describe, test } from 'node:test';
import { getCACertificates } from 'node:tls';
import fc from 'fast-check';
import { parseParameters, type WrittenParameters } from '../../functions/parameters/parameters.ts';
import { SecretFault, type SecretStore } from '../../functions/secrets/secrets.ts';
import { loadMaterial, materialSecrets, TlsMaterialFault, TlsMaterials } from '../../functions/tls/material.ts';
import { pemBlocks } from '../../functions/tls/pem.ts';
import { type TestCertificates, testCertificates } from '../support/certificates.ts';

let certificates: TestCertificates;
before(async () => {
  certificates = await testCertificates();
});

type Texts = Readonly<Record<string, string>>;

/** Secrets by name; a missing one is a fault. */
function secretsOf(texts: Texts): SecretStore & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    fetch: async (name, { stage = 'AWSCURRENT', fresh = false } = {}) => {
      asked.push([name, ...(fresh ? ['fresh'] : []), ...(stage === 'AWSPENDING' ? [stage] : [])].join(' '));
      const text = texts[name];
      if (text === undefined) throw new SecretFault(`secret ${name} does not exist`);
      return { text, version: randomUUID() };
    },
  };
}

/** Files by path; a missing one fails as in the file system. */
function filesOf(texts: Texts): ((path: string) => string) & { readonly asked: string[] } {
  const asked: string[] = [];
  return Object.assign(
    (path: string) => {
      asked.push(path);
      const text = texts[path];
      if (text === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
      return text;
    },
    { asked },
  );
}

const load = (written: WrittenParameters, files: Texts = {}, secrets: Texts = {}) =>
  loadMaterial(parseParameters(written), secretsOf(secrets), filesOf(files));

/** Returns the fault. */
async function faultOf(written: WrittenParameters, files: Texts = {}, secrets: Texts = {}): Promise<string> {
  try {
    await load(written, files, secrets);
  } catch (error) {
    assert.ok(error instanceof TlsMaterialFault, String(error));
    return error.message;
  }
  return assert.fail('nothing is wrong');
}

describe('authorities come', () => {
  test('with the runtime, by default', async () => {
    const { ca, cert, key, notes } = await load({});
    assert.deepEqual({ ca, cert, key, notes }, { ca: undefined, cert: undefined, key: undefined, notes: [] });
  });
  const bare = getCACertificates('system').length === 0 && 'this system has no store of authorities';
  test('from the system', { skip: bare }, async () => {
    const { ca = [] } = await load({ lmtp_tls_CAfile: 'system' });
    assert.ok(ca.length > 0);
    assert.ok(new X509Certificate(ca[0] ?? '').ca);
  });
  test('from a file, with any text between them', async () => {
    const { authority, right } = certificates;
    const text = `# ours\r\n${authority.cert.replaceAll('\n', '\r\n')}\nand one more:\n${right.cert}`;
    const { ca = [] } = await load({ lmtp_tls_CAfile: '/etc/ca.pem' }, { '/etc/ca.pem': text });
    assert.deepEqual(
      ca.map((pem) => new X509Certificate(pem).subject),
      ['CN=Test authority', 'CN=localhost'],
    );
  });
  test('from a secret, by its name or its ARN', async () => {
    const arn = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:lmtp/ca-AbCdEf';
    for (const name of ['lmtp/ca', arn]) {
      const { ca } = await load(
        { lmtp_tls_CAfile: `secretsmanager:${name}` },
        {},
        { [name]: certificates.authority.cert },
      );
      assert.equal(ca?.length, 1);
    }
  });
});

describe('our own certificate comes', () => {
  const isOurs = (
    material: { readonly cert?: string; readonly key?: string },
    certificate: { readonly key: string },
  ) => {
    const leaf = new X509Certificate(material.cert ?? '');
    assert.ok(leaf.checkPrivateKey(createPrivateKey(certificate.key)));
    assert.ok(leaf.checkPrivateKey(createPrivateKey(material.key ?? '')));
  };

  test('from one source with its key and its chain, in either order of key and certificate', async () => {
    const { intermediate: ours } = certificates;
    for (const text of [ours.key + ours.cert, ours.cert + ours.key]) {
      const material = await load({ lmtp_tls_chain_files: 'secretsmanager:client' }, {}, { client: text });
      isOurs(material, ours);
      assert.equal(pemBlocks(material.cert ?? '').length, 2);
      assert.equal(pemBlocks(material.key ?? '').length, 1);
    }
  });
  test('from several sources, and lmtp_tls_cert_file is ignored then', async () => {
    const { client: ours } = certificates;
    const written = {
      lmtp_tls_chain_files: '/etc/key.pem, secretsmanager:chain',
      lmtp_tls_cert_file: '/etc/old.pem',
    };
    isOurs(await load(written, { '/etc/key.pem': ours.key }, { chain: ours.cert }), ours);
  });
  test('from a file of its own, with the key beside it', async () => {
    const { client: ours } = certificates;
    isOurs(await load({ lmtp_tls_cert_file: '/c.pem' }, { '/c.pem': ours.cert + ours.key }), ours);
  });
  test('from two files', async () => {
    const { client: ours, right: other } = certificates;
    const files = { '/c.pem': ours.cert + other.key, '/k.pem': ours.key + other.cert };
    isOurs(await load({ lmtp_tls_cert_file: '/c.pem', lmtp_tls_key_file: '/k.pem' }, files), ours);
  });
  for (const type of ['pkcs1', 'sec1'] as const) {
    test(`with a key in the older form of ${type}`, async () => {
      const ours = await certificates.authority.issue({ algorithm: type === 'pkcs1' ? 'RSA' : 'EC' });
      const key = String(createPrivateKey(ours.key).export({ type, format: 'pem' }));
      assert.match(key, /^-----BEGIN (?:RSA|EC) PRIVATE KEY-----/);
      isOurs(await load({ lmtp_tls_chain_files: '/c.pem' }, { '/c.pem': key + ours.cert }), ours);
    });
  }
  test('with a note if it has expired or is not yet valid, and is still used', async () => {
    const written = { lmtp_tls_chain_files: '/c.pem' };
    for (const [days, words] of [
      [[-30, -10], /^lmtp_tls_chain_files: \/c\.pem: the client certificate \(CN=old\) expired on \d{4}-\d\d-\d\d$/],
      [
        [10, 30],
        /^lmtp_tls_chain_files: \/c\.pem: the client certificate \(CN=old\) is not valid before \d{4}-\d\d-\d\d$/,
      ],
    ] as const) {
      const ours = await certificates.authority.issue({ subject: 'CN=old', purpose: 'client', validity: days });
      const material = await load(written, { '/c.pem': ours.key + ours.cert });
      assert.equal(material.notes.length, 1);
      assert.match(material.notes[0] ?? '', words);
      isOurs(material, ours);
    }
  });
});

describe('a fault is reported with parameter, source and reason, and without the content:', () => {
  const one = { lmtp_tls_chain_files: '/c.pem' };
  const cases: Readonly<Record<string, () => Promise<readonly [WrittenParameters, Texts, Texts, RegExp]>>> = {
    'a missing file': async () => [one, {}, {}, /^lmtp_tls_chain_files: \/c\.pem cannot be read \(ENOENT\)$/],
    'a missing secret': async () => [
      { lmtp_tls_CAfile: 'secretsmanager:ca' },
      {},
      {},
      /^lmtp_tls_CAfile: secret ca does not exist$/,
    ],
    'authorities that are not certificates': async () => [
      { lmtp_tls_CAfile: '/ca.pem' },
      { '/ca.pem': certificates.client.key },
      {},
      /^lmtp_tls_CAfile: \/ca\.pem contains no certificate in PEM$/,
    ],
    'a truncated authority': async () => [
      { lmtp_tls_CAfile: '/ca.pem' },
      { '/ca.pem': certificates.authority.cert + cutOff(certificates.authority.cert) },
      {},
      /^lmtp_tls_CAfile: \/ca\.pem: certificate 2 of 2 cannot be read$/,
    ],
    'no certificate': async () => [one, { '/c.pem': certificates.client.key }, {}, /contains no certificate in PEM$/],
    'no key': async () => [one, { '/c.pem': certificates.client.cert }, {}, /contains no private key in PEM$/],
    'two keys': async () => [
      one,
      { '/c.pem': certificates.client.cert + certificates.client.key + certificates.right.key },
      {},
      /contains several private keys; only one is allowed$/,
    ],
    'an encrypted key': async () => [
      one,
      { '/c.pem': certificates.client.cert + encrypted(certificates.client.key) },
      {},
      /the private key is encrypted; store it without a passphrase$/,
    ],
    'a key that is encrypted in the older way': async () => [
      one,
      {
        '/c.pem': `${certificates.client.cert}-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nc2VjcmV0\n-----END RSA PRIVATE KEY-----\n`,
      },
      {},
      /the private key is encrypted/,
    ],
    'a truncated key': async () => [
      one,
      { '/c.pem': certificates.client.cert + cutOff(certificates.client.key) },
      {},
      /^lmtp_tls_chain_files: \/c\.pem: the private key cannot be read$/,
    ],
    "another certificate's key": async () => [
      one,
      { '/c.pem': certificates.client.cert + certificates.right.key },
      {},
      /the certificate does not match the key of lmtp_tls_chain_files: \/c\.pem$/,
    ],
    'an authority before the certificate': async () => [
      one,
      { '/c.pem': certificates.authority.cert + certificates.client.cert + certificates.client.key },
      {},
      /the certificate of the key must precede those of the authorities above it$/,
    ],
    'JSON around it': async () => [
      { lmtp_tls_chain_files: 'secretsmanager:client' },
      {},
      { client: JSON.stringify({ certificate: certificates.client.cert, key: certificates.client.key }) },
      /^lmtp_tls_chain_files: secretsmanager:client contains no certificate: it is JSON; store only PEM$/,
    ],
    'escaped line ends': async () => [
      { lmtp_tls_chain_files: 'secretsmanager:client' },
      {},
      { client: (certificates.client.cert + certificates.client.key).replaceAll('\n', String.raw`\n`) },
      /contains no certificate: it contains \\n instead of line ends; store real line ends$/,
    ],
    'a key file with no key': async () => [
      { lmtp_tls_cert_file: '/c.pem', lmtp_tls_key_file: '/k.pem' },
      { '/c.pem': certificates.client.cert + certificates.client.key, '/k.pem': '' },
      {},
      /^lmtp_tls_key_file: \/k\.pem contains no private key in PEM$/,
    ],
  };
  for (const [name, prepare] of Object.entries(cases)) {
    test(name, async () => {
      const [written, files, secrets, words] = await prepare();
      const said = await faultOf(written, files, secrets);
      assert.match(said, words);
      assert.doesNotMatch(said, /BEGIN|[A-Za-z0-9+/]{40}/);
    });
  }

  test('and no cause of it contains a key', async () => {
    const secret = 'MIGHAgEAMBMGByqGSM49Zm9vYmFyc2VjcmV0';
    for (const text of [
      `-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----\n`,
      `-----BEGIN CERTIFICATE-----\n${secret}\n-----END CERTIFICATE-----\n`,
    ]) {
      const files = { '/c.pem': text + certificates.client.cert };
      const error = await load(one, files).catch((reason: unknown) => reason);
      assert.ok(error instanceof TlsMaterialFault);
      const { message, stack, cause } = error;
      const shown = [message, stack, cause instanceof Error ? `${cause.message} ${cause.stack}` : ''].join();
      assert.ok(!shown.includes(secret.slice(5, 20)), shown);
    }
  });

  test('a key without a certificate, and the reverse, when parameters are read', () => {
    assert.throws(
      () => parseParameters({ lmtp_tls_key_file: '/k.pem' }),
      /lmtp_tls_key_file: "\/k\.pem" needs lmtp_tls_cert_file/,
    );
    assert.throws(
      () => parseParameters({ lmtp_tls_cert_file: '/c.pem', lmtp_tls_key_file: '' }),
      /lmtp_tls_cert_file: "\/c\.pem" needs lmtp_tls_key_file/,
    );
  });
});

describe('in a function that lives on', () => {
  const written = { lmtp_tls_chain_files: 'secretsmanager:client', lmtp_tls_CAfile: '/ca.pem' };

  test('unchanged material is the same object, and a file is read once', async () => {
    const files = filesOf({ '/ca.pem': certificates.authority.cert });
    const secrets = secretsOf({ client: certificates.client.key + certificates.client.cert });
    const materials = new TlsMaterials(parseParameters(written), secrets, files);
    const first = await materials.load();
    assert.equal(await materials.load(), first);
    assert.equal(await materials.load({ fresh: true }), first);
    assert.deepEqual(files.asked, ['/ca.pem']);
    assert.deepEqual(secrets.asked, ['client', 'client', 'client fresh']);
  });

  test('a replaced certificate takes effect, with another version', async () => {
    const texts: Record<string, string> = { client: certificates.client.key + certificates.client.cert };
    const files = filesOf({ '/ca.pem': certificates.authority.cert });
    const materials = new TlsMaterials(parseParameters(written), secretsOf(texts), files);
    const before = await materials.load();
    const renewed = await certificates.authority.issue({ subject: 'CN=renewed', purpose: 'client' });
    texts['client'] = renewed.key + renewed.cert;
    const after = await materials.load();
    assert.notEqual(after.version, before.version);
    assert.match(new X509Certificate(after.cert ?? '').subject, /CN=renewed/);
    texts['client'] = 'nonsense';
    await assert.rejects(materials.load(), TlsMaterialFault);
    texts['client'] = renewed.key + renewed.cert;
    assert.equal((await materials.load()).version, after.version);
  });

  test('a file that could not be read is tried again', async () => {
    const texts: Record<string, string> = {};
    const materials = new TlsMaterials(parseParameters({ lmtp_tls_CAfile: '/ca.pem' }), secretsOf({}), filesOf(texts));
    await assert.rejects(materials.load(), TlsMaterialFault);
    texts['/ca.pem'] = certificates.authority.cert;
    assert.equal((await materials.load()).ca?.length, 1);
  });
});

test('the version differs if a certificate does, and reveals nothing of a key', async () => {
  const { client, right, authority, intermediate, intermediateMissing } = certificates;
  const chain = { lmtp_tls_chain_files: '/c.pem' };
  const files = (text: string) => ({ '/c.pem': text, '/ca.pem': authority.cert, '/other.pem': right.cert });
  const materials = await Promise.all([
    load({}),
    load({ lmtp_tls_CAfile: '/ca.pem' }, files('')),
    load({ lmtp_tls_CAfile: '/other.pem' }, files('')),
    load(chain, files(client.key + client.cert)),
    load(chain, files(right.key + right.cert)),
    load(chain, files(intermediate.key + intermediate.cert)),
    load(chain, files(intermediate.key + intermediateMissing.cert)),
    load({ ...chain, lmtp_tls_CAfile: '/ca.pem' }, files(client.key + client.cert)),
  ]);
  const versions = materials.map(({ version }) => version);
  assert.equal(new Set(versions).size, versions.length, versions.join('\n'));
  for (const version of versions) assert.match(version, /^[0-9a-f]{16}$/);
  const rewritten = String(createPrivateKey(client.key).export({ type: 'sec1', format: 'pem' }));
  assert.equal((await load(chain, files(rewritten + client.cert))).version, versions[3]);
});

test('the names of the required secrets are known beforehand', () => {
  const secretsIn = (written: WrittenParameters) => materialSecrets(parseParameters(written));
  assert.deepEqual(secretsIn({}), []);
  assert.deepEqual(
    secretsIn({
      lmtp_tls_CAfile: 'secretsmanager:ca',
      lmtp_tls_chain_files: '/x.pem secretsmanager:a,secretsmanager:b',
    }),
    ['ca', 'a', 'b'],
  );
  assert.deepEqual(secretsIn({ lmtp_tls_CAfile: 'system', lmtp_tls_cert_file: 'secretsmanager:c' }), ['c']);
  assert.deepEqual(secretsIn({ lmtp_tls_chain_files: '/x.pem', lmtp_tls_cert_file: 'secretsmanager:c' }), []);
});

describe('PEM', () => {
  const label = fc.constantFrom('CERTIFICATE', 'PRIVATE KEY', 'EC PRIVATE KEY');
  const body = fc.base64String({ minLength: 4, maxLength: 200 });
  const noise = fc.constantFrom('', '\n', 'subject=CN = x\n', '# a - b -- c\n', '-----BEGIN\n', '----- x -----\n');
  test('is read block by block, whatever text is between', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(noise, label, body)), fc.constantFrom('\n', '\r\n'), (parts, end) => {
        const text = parts
          .map(([before, name, octets]) => `${before}-----BEGIN ${name}-----\n${octets}\n-----END ${name}-----\n`)
          .join('')
          .replaceAll('\n', end);
        const blocks = pemBlocks(text);
        assert.deepEqual(
          blocks.map((block) => block.label),
          parts.map(([, name]) => name),
        );
        for (const [index, block] of blocks.entries()) assert.ok(block.text.includes(parts[index]?.[2] ?? ''));
      }),
    );
  });
  test('counts only if it begins and ends with the same word', () => {
    const block = (begin: string, end: string) => `-----BEGIN ${begin}-----\nAAAA\n-----END ${end}-----\n`;
    assert.deepEqual(pemBlocks(`${block('A', 'B') + block('C', 'C')}-----BEGIN D-----\nAAAA\n`), [
      { label: 'C', text: block('C', 'C') },
    ]);
    // A truncated one does not swallow the next.
    assert.deepEqual(pemBlocks(`-----BEGIN A-----\nAAAA\n${block('A', 'A')}`), [{ label: 'A', text: block('A', 'A') }]);
  });
});

function cutOff(pem: string): string {
  const lines = pem.trimEnd().split('\n');
  return [...lines.slice(0, 2), ...lines.slice(-1)].join('\n').concat('\n');
}

function encrypted(key: string): string {
  const options = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' } as const;
  return String(createPrivateKey(key).export(options));
}
