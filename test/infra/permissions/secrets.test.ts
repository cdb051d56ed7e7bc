/** Secrets that parameters name: permitted automatically, if the name is known. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Stack } from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { LmtpDeliveryProps } from '../../../infra/construct/delivery-props.ts';
import { appStack, construct, resource, resourcesOf, statementsOf } from '../synthesize.ts';

const destination = 'inet:lmtp.example.com:24';

/** The secrets that the lmtp function may read, and the keys it may use for them. */
function readable(stack: Stack): readonly string[] {
  return statementsOf(resourcesOf(stack), 'LmtpRole')
    .filter(({ actions }) => actions.some((action) => /^secretsmanager:|^kms:Decrypt$/.test(action)))
    .flatMap(({ resources }) => resources);
}

const byName = (name: string) => `arn:AWS::Partition:secretsmanager:AWS::Region:AWS::AccountId:secret:${name}-??????`;

/** A stack whose lmtp function has these parameters, and these secrets. */
function stackWith(
  parameters: Readonly<Record<string, string>>,
  secrets?: (stack: Stack) => LmtpDeliveryProps['secrets'],
): Stack {
  return construct((stack) => ({ destination, parameters, secrets: secrets?.(stack) })).stack;
}

describe('a secret that parameters name can be read by the lmtp function:', () => {
  test('by its name', () => {
    const stack = stackWith({ lmtp_sasl_password_maps: 'texthash:/opt/x, secretsmanager:lmtp/passwords' });
    assert.deepEqual(readable(stack), [byName('lmtp/passwords')]);
  });

  test('by its ARN, whole or without its last six characters', () => {
    const arn = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:lmtp/passwords';
    for (const [name, wanted] of [
      [`${arn}-AbCdEf`, `${arn}-AbCdEf`],
      [arn, `${arn}-??????`],
    ] as const) {
      assert.deepEqual(readable(stackWith({ lmtp_sasl_password_maps: `secretsmanager:${name}` })), [wanted]);
    }
  });

  test('each of several once, also those of TLS, and through another parameter', () => {
    const stack = stackWith({
      lmtp_sasl_password_maps: 'secretsmanager:one,secretsmanager:$myhostname secretsmanager:one',
      myhostname: 'mx.test',
      lmtp_tls_cert_file: 'secretsmanager:certificate',
    });
    assert.deepEqual([...readable(stack)].sort(), ['certificate', 'mx.test', 'one'].map(byName));
  });

  test('from the context of the app too', () => {
    const parameters = 'lmtp_sasl_auth_enable=yes;lmtp_sasl_password_maps=secretsmanager:lmtp/passwords';
    assert.deepEqual([...readable(appStack({ parameters, secrets: 'other' }))].sort(), [
      byName('lmtp/passwords'),
      byName('other'),
    ]);
  });

  test('once, if it was also given as a property', () => {
    const given = (stack: Stack) => [Secret.fromSecretNameV2(stack, 'Given', 'lmtp/passwords')];
    assert.deepEqual(readable(stackWith({ lmtp_sasl_password_maps: 'secretsmanager:lmtp/passwords' }, given)), [
      byName('lmtp/passwords'),
    ]);
  });
});

describe('a secret of the same app, whose name is known only at deployment,', () => {
  /** A stack that names its own secret in one of the possible ways. */
  function own(nameOf: (secret: Secret) => string, isGiven: boolean): Stack {
    return construct((stack) => {
      const secret = new Secret(stack, 'Passwords', { encryptionKey: new Key(stack, 'Own') });
      return {
        destination,
        parameters: { lmtp_sasl_password_maps: `texthash:/opt/x secretsmanager:${nameOf(secret)}` },
        secrets: isGiven ? [secret] : [],
      };
    }).stack;
  }

  for (const [by, nameOf] of [
    ['name', ({ secretName }: Secret) => secretName],
    ['ARN', ({ secretArn }: Secret) => secretArn],
  ] as const) {
    test(`may be named by its ${by}, and is permitted with its key`, () => {
      const stack = own(nameOf, true);
      assert.deepEqual(
        readable(stack).map((id) => id.replace(/[0-9A-F]{8}$/, '')),
        ['Passwords', 'Own'],
      );
      const { Environment } = resource(resourcesOf(stack), 'AWS::Lambda::Function', 'FunctionsLmtp');
      const { Variables } = Environment as { Variables: Record<string, unknown> };
      assert.match(JSON.stringify(Variables['LMTP_SASL_PASSWORD_MAPS']), /"texthash:\/opt\/x secretsmanager:"/);
    });

    test(`and is named by its ${by} but not given, stops synth`, () => {
      assert.throws(
        () => own(nameOf, false),
        /^PropsError: secrets: parameters name a secret "known-when-deployed" that is known only at deployment: add the secret itself/,
      );
    });
  }
});
