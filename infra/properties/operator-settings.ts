import type { Duration } from 'aws-cdk-lib';
import type { OperatorSettings } from '../../functions/operator/settings.ts';
import type { ParameterValues } from './parameter-environment.ts';

/** Returns the settings of a transport for the operator's command line. A value may be known only at deployment. */
export function operatorSettings(
  transport: string,
  values: ParameterValues,
  bodyRetention?: Duration,
): OperatorSettings {
  const bodies = bodyRetention === undefined ? {} : { bodyRetention: String(bodyRetention.toDays()) };
  return { ...values, ...bodies, transport, liveSettings: 'yes' };
}
