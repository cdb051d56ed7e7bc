/** What no value of a metric means, where several alarms take it for the same. */
import { TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';

/** Of what the functions count. */
export const nothingHappened = {
  treatment: TreatMissingData.NOT_BREACHING,
  because: 'what is counted is written when it happens: no value is none of it',
} as const;

/** Of what the sweep says of the queue. */
export const unknownWithoutSweep = {
  treatment: TreatMissingData.IGNORE,
  because:
    'only the sweep says how the queue is; while it does not run nobody knows better, and that has an alarm of its own',
} as const;
