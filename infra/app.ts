/** The CDK app: one stack, as the context describes it (see context.ts and cdk.json). */
import { App } from 'aws-cdk-lib';
import { readTransports } from './context/transports.ts';
import { LmtpStack, stackName } from './lmtp-stack.ts';
import { PropsError } from './properties/props-error.ts';

try {
  // Synth is called below, and not when the process ends: after an error there would be half a stack.
  const app = new App({ autoSynth: false });
  const settings = readTransports(app.node.getAllContext() as Record<string, unknown>);
  new LmtpStack(app, stackName(settings), {
    settings,
    description: 'Delivers mail over LMTP: Postfix lmtp(8) and its queue',
  });
  app.synth();
} catch (error) {
  if (!(error instanceof PropsError)) throw error;
  // A sentence for the person who set the value; where in the program it was noticed does not help him.
  console.error(error.message);
  process.exitCode = 1;
}
