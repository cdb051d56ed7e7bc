/** The CDK app: one stack, described by the context (context.ts and cdk.json). */
import { App } from 'aws-cdk-lib';
import { readTransports } from './context/transports.ts';
import { LmtpStack, stackName } from './lmtp-stack.ts';
import { PropsError } from './properties/props-error.ts';

try {
  // Synth is called below and not at the end of the process, which would write an incomplete stack after an error.
  const app = new App({ autoSynth: false });
  const settings = readTransports(app.node.getAllContext() as Record<string, unknown>);
  new LmtpStack(app, stackName(settings), {
    settings,
    description: 'Delivers mail over LMTP: Postfix lmtp(8) and its queue',
  });
  app.synth();
} catch (error) {
  if (!(error instanceof PropsError)) throw error;
  // Only the message: a stack trace does not help the operator who set the value.
  console.error(error.message);
  process.exitCode = 1;
}
