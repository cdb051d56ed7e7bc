/** A CDK app of a user. */
export const mailApp = `import { App, Stack } from 'aws-cdk-lib';
import { LmtpDelivery, type LmtpDeliveryProps, type MetricName, PropsError, writeOutputs } from 'lambda-lmtp';

const app = new App({ outdir: 'cdk.out' });
const stack = new Stack(app, 'Mail');
const props: LmtpDeliveryProps = {
  destination: 'inet:lmtp.example.com:24',
  parameters: { minimal_backoff_time: '2m' },
};
const delivery = new LmtpDelivery(stack, 'Delivery', props);
writeOutputs(stack, delivery);

const metric: MetricName = 'Sent';
delivery.metric(metric);

// What is wrong is noticed: by the compiler, or when the app runs.
// @ts-expect-error
export const misspelt: LmtpDeliveryProps = { destinaton: 'inet:lmtp.example.com:24' };
// @ts-expect-error
export const misnamed: MetricName = 'Snet';
try {
  new LmtpDelivery(new Stack(new App(), 'Wrong'), 'Delivery', { destination: 'inet:lmtp.example.com:24', memorySize: 1 });
} catch (error) {
  if (!(error instanceof PropsError)) throw error;
  console.log(error.message);
}
app.synth();
`;

/** What the template of a stack says of its functions, as far as it matters here. */
export interface Template {
  readonly Resources: Readonly<
    Record<
      string,
      {
        readonly Type: string;
        readonly Properties?: { readonly Handler?: string; readonly Code?: { readonly S3Key?: string } };
      }
    >
  >;
  readonly Outputs: Readonly<Record<string, unknown>>;
}
