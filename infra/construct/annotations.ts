/** Notes and warnings at synth about settings that are allowed but questionable. */
import { Annotations } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { mostDestinations } from '../../functions/metrics/catalogue.ts';
import { knownDestinations } from '../properties/watched-destinations.ts';
import type { LmtpDeliveryProps } from './delivery-props.ts';
import type { DeliverySettings } from './delivery-settings.ts';
import { summaryOf } from './summary.ts';

const strict =
  'parameters.strict_postfix_verdicts=yes is harmful: mail may bounce or be duplicated without need. It is for comparisons only.';

/** Adds the notes and warnings to the construct. */
export function annotate(scope: Construct, settings: DeliverySettings, props: LmtpDeliveryProps): void {
  const annotations = Annotations.of(scope);
  if (settings.parsed.strict_postfix_verdicts) annotations.addWarningV2('lambda-lmtp:strict', strict);
  annotations.addInfoV2('lambda-lmtp:in-force', summaryOf(settings, props));
  const known = knownDestinations(settings, settings.parsed).length;
  if (props.watchedDestinations !== undefined || known <= mostDestinations) return;
  annotations.addInfoV2(
    'lambda-lmtp:watched',
    `watchedDestinations: of ${known} destinations the first ${mostDestinations} get their own metrics and alarms; set watchedDestinations to choose others`,
  );
}
