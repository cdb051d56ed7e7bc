/**
 * A stack with everything that a policy can name: synthesized with its real bundles, built from its template
 * on this machine, and restricted by its policies. Each of its users is a role of the template, with the
 * permissions that the construct grants.
 */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { CreateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { AccountRootPrincipal, Role } from 'aws-cdk-lib/aws-iam';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { deliveryLogsOutput } from '../../functions/operator/settings.ts';
import { environmentNames } from '../../functions/parameters/environment.ts';
import { LmtpDelivery } from '../../infra/construct/lmtp-delivery.ts';
import { writeOutputs } from '../../infra/construct/outputs.ts';
import { type DeployedStack, startDeployedStack } from '../../infra/local/deployed-stack.ts';
import { freePort } from './free-port.ts';
import { type HttpStub, startHttpStub } from './http-stub.ts';
import { startRawServer } from './raw-server.ts';
import { type ScriptedServer, startScriptedServer } from './scripted-server.ts';
import { testSecrets } from './test-secrets.ts';
import { testify } from './witness.ts';

const project = join(import.meta.dirname, '..', '..');

/** The roles of the template that get permissions. */
export const roleNames = ['Producer', 'Postmaster', 'Observer'] as const;

/** The stack and its surroundings. */
export interface RecordedStack extends AsyncDisposable {
  readonly stack: DeployedStack;
  /** Variables for commands that run as a role. */
  as(role: (typeof roleNames)[number]): Readonly<Record<string, string>>;
  /** A bucket that requests may name too; it is not versioned. */
  readonly archive: string;
  /** A server out of step, at `odd.example`. */
  readonly odd: ScriptedServer;
  /** Called with each recipient at the mail store. */
  onRecipient: (recipient: string) => void;
  /** Requests to SES: `SendRawEmail`, `SendBounce`. */
  readonly sesActions: readonly string[];
}

/** Recipients with these beginnings are deferred, refused, or accepted by the stack's own mail store. */
const verdicts = {
  busy: { at: 'RCPT', code: 450, text: '4.2.0 come again' },
  unknown: { at: 'RCPT', code: 550, text: '5.1.1 User unknown' },
} as const;

/** Starts it: synthesis, bundles, servers, services. */
export async function startRecordedStack(): Promise<RecordedStack> {
  await using started = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'recorded-'));
  started.defer(() => rm(folder, { recursive: true, force: true }));
  const odd = await startScriptedServer({ data: '250 2.0.0 stored already' });
  started.defer(() => odd.close());
  const sesActions: string[] = [];
  const ses = started.use(await startSes(sesActions));
  const logs = started.use(
    await startHttpStub((request, response) => void request.resume().on('end', () => response.end('{"events":[]}'))),
  );
  const store = await freePort();
  const mute = started.use(await startRawServer(() => {}));
  const replies = join(folder, 'replies');
  await writeFile(replies, '/^450 never said/ 451 4.3.0 never said\n');
  synthesize(join(folder, 'app'), { store, odd: odd.port, mute: mute.port, replies });

  const face = { onRecipient: (_recipient: string) => {} };
  const stack = await startDeployedStack({
    folder: join(folder, 'app'),
    endpoints: { AWS_ENDPOINT_URL_SES: ses.url, AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: logs.url },
    isOlderThanVersions: (key) => key.includes('unversioned'),
    mailStore: {
      port: store,
      verdict: (recipient, seen) => {
        face.onRecipient(recipient);
        if (/^nobody[-@]/.test(recipient)) return verdicts.unknown;
        if (recipient.startsWith('full')) return verdicts.busy;
        return recipient.startsWith('busy') && seen === 0 ? verdicts.busy : undefined;
      },
    },
    onLogLine: (name, line) => testify(`${name}: ${line}`),
  });
  started.defer(() => stack.close());
  // The template says every five minutes; the tests do not wait so long for lost messages.
  const sweeps = setInterval(() => void stack.sweep(), 3000);
  started.defer(() => clearInterval(sweeps));
  const { secrets, s3 } = stack.clients;
  const SecretString = JSON.stringify({ localhost: `relay:${testSecrets.password}` });
  await secrets.send(new CreateSecretCommand({ Name: 'mail/sasl', SecretString }));
  const bucketAt = (path: string) => stack.blueprint.buckets.find((bucket) => bucket.path === path)?.name ?? '';
  const objects = {
    transport: `elsewhere.example lmtp:inet:127.0.0.1:${store}\n`,
    peers: 'imap.example\n',
    local: 'example.org\n',
  };
  for (const [Key, Body] of Object.entries(objects)) {
    await s3.send(new PutObjectCommand({ Bucket: bucketAt('Maps'), Key, Body }));
  }

  const running = started.move();
  return Object.assign(face, {
    stack,
    as: (role: (typeof roleNames)[number]) => ({
      ...stack.variables,
      AWS_ACCESS_KEY_ID: roleKey(stack, role),
      // Under the names of the template, and through its policies.
      AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: stack.environment['AWS_ENDPOINT_URL_CLOUDWATCH_LOGS'] ?? '',
      [environmentNames.deliveryLogGroups]: stack.blueprint.outputs[deliveryLogsOutput] ?? '',
    }),
    archive: bucketAt('Archive'),
    odd,
    sesActions,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  });
}

/** The access key of a role: its name. */
function roleKey({ template, permissions }: DeployedStack, role: string): string {
  const [logicalId] = Object.entries(template.Resources).find(
    ([, { Type, Metadata }]) => Type === 'AWS::IAM::Role' && Metadata?.['aws:cdk:path'] === `Recorded/${role}/Resource`,
  ) ?? ['unknown'];
  return permissions.keyOf(logicalId);
}

/** Ports of servers, and a file. */
interface Ports {
  readonly store: number;
  readonly odd: number;
  readonly mute: number;
  /** A file of this machine. */
  readonly replies: string;
}

function synthesize(outdir: string, { store, odd, mute, replies }: Ports): void {
  const { context } = JSON.parse(readFileSync(join(project, 'cdk.json'), 'utf8')) as { context: object };
  // The CDK's command line asks for paths in the template; without it we do.
  const app = new App({
    builtinCloudFormationValidation: false,
    outdir,
    context: { ...context, 'aws:cdk:enable-path-metadata': true },
  });
  const stack = new Stack(app, 'Recorded');
  const maps = new Bucket(stack, 'Maps');
  const delivery = new LmtpDelivery(stack, 'Delivery', {
    transportMap: [
      `odd.example lmtp:inet:127.0.0.1:${odd}`,
      `mute.example lmtp:inet:127.0.0.1:${mute}`,
      'list.example mailman:',
      `* lmtp:inet:127.0.0.1:${store}`,
    ].join('\n'),
    transportMapObject: { bucket: maps, key: 'transport' },
    otherTransports: { mailman: new Queue(stack, 'Mailman') },
    allowedBuckets: [new Bucket(stack, 'Archive')],
    bodyRetention: Duration.days(30),
    parameters: {
      lmtp_reply_filter: `regexp:${replies}`,
      debug_peer_list: `s3://${maps.bucketName}/peers`,
      allow_local_destinations: 'yes',
      minimal_backoff_time: '1s',
      // Mail that arrived long ago waits so long, and nothing moves it while an operator looks at it.
      maximal_backoff_time: '1h',
      qmgr_message_active_limit: '8',
      relay_domains: `s3://${maps.bucketName}/local`,
      myhostname: 'mail.example.com',
      notify_classes: '2bounce, data, policy, protocol, resource, software',
      bounce_report_routes: 'incoming, ses',
      bounce_report_ses_sender: 'bounce@mail.example.com',
      lmtp_lhlo_timeout: '5s',
      lmtp_sasl_auth_enable: 'yes',
      lmtp_sasl_password_maps: 'secretsmanager:mail/sasl',
      lmtp_sasl_auth_required: 'no',
    },
  });
  writeOutputs(stack, delivery);
  const grantee = (name: (typeof roleNames)[number]) =>
    new Role(stack, name, { assumedBy: new AccountRootPrincipal() });
  delivery.grantSubmit(grantee('Producer'));
  delivery.grantOperate(grantee('Postmaster'));
  delivery.grantObserve(grantee('Observer'));
  app.synth();
}

async function startSes(actions: string[]): Promise<HttpStub> {
  return await startHttpStub((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const action = new URLSearchParams(Buffer.concat(chunks).toString()).get('Action') ?? '';
      actions.push(action);
      const result = `<${action}Result><MessageId>m</MessageId></${action}Result>`;
      response.end(`<${action}Response xmlns="http://ses.amazonaws.com/doc/2010-12-01/">${result}</${action}Response>`);
    });
  });
}
