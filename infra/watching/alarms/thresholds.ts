/** The properties of alarms, and their checks at synth. */
import { Duration, Token } from 'aws-cdk-lib';
import { PropsError, refuse } from '../../properties/props-error.ts';
import { type AlarmName, alarmNames, alarmTable } from './catalogue.ts';
import { type AlarmRow, minuteStep } from './row.ts';

/** The condition of an alarm; `false`: the alarm is not created. */
export type AlarmSetting = false | AlarmThreshold;

/** The condition of an alarm. */
export interface AlarmThreshold {
  /**
   * The alarm begins at this value, in the alarm's unit; `certificateEnds` and `sweepStopped` begin below it.
   *
   * @default - see the alarm
   */
  readonly threshold?: number | undefined;
  /**
   * The period over which events are counted, or for which another condition must last. Multiples of five minutes, up to a day.
   *
   * @default - see the alarm
   */
  readonly over?: Duration | undefined;
}

/** The alarms by name. What each means, and what to do, is in docs/operating.md. */
export interface AlarmSettings {
  /**
   * Mail waits, and no recipient was delivered to. Threshold: deliveries that wait, or requests that qmgr does not admit.
   *
   * @default 1, for 10 minutes
   */
  readonly nothingDelivered?: AlarmSetting | undefined;
  /**
   * Some mail has waited for long. Threshold: hours.
   *
   * @default 1, for 5 minutes
   */
  readonly lateMail?: AlarmSetting | undefined;
  /**
   * Some mail has waited for very long. Threshold: hours.
   *
   * @default 24, for 5 minutes
   */
  readonly veryLateMail?: AlarmSetting | undefined;
  /**
   * Mail goes back to its sender within six hours. Threshold: deliveries.
   *
   * @default 1, for 5 minutes
   */
  readonly expiring?: AlarmSetting | undefined;
  /**
   * Requests or messages are corrupt and wait for an operator. Threshold: requests or deliveries.
   *
   * @default 1, for 5 minutes
   */
  readonly corrupt?: AlarmSetting | undefined;
  /**
   * Messages may be delivered more than once. Threshold: recipients.
   *
   * @default 6, over 15 minutes
   */
  readonly inDoubt?: AlarmSetting | undefined;
  /**
   * Deliveries are held because too many attempts to all remaining recipients ended in doubt. Threshold: deliveries.
   *
   * @default 1, over 5 minutes
   */
  readonly heldInDoubt?: AlarmSetting | undefined;
  /**
   * Deliveries that crashed functions, or whose items are malformed, are held. Threshold: deliveries.
   *
   * @default 1, over 5 minutes
   */
  readonly stranded?: AlarmSetting | undefined;
  /**
   * A dead-letter queue contains messages; an alarm for each queue. Threshold: messages.
   *
   * @default 1, for 15 minutes
   */
  readonly deadLetters?: AlarmSetting | undefined;
  /**
   * Mail waits for a destination that cannot be reached. Threshold: destinations.
   *
   * @default 1, for 5 minutes
   */
  readonly destinationDead?: AlarmSetting | undefined;
  /**
   * A server rejects a password, or does not offer AUTH. Threshold: refusals.
   *
   * @default 1, over 5 minutes
   */
  readonly authRefused?: AlarmSetting | undefined;
  /**
   * The required TLS was not negotiated. Threshold: sessions.
   *
   * @default 1, over 5 minutes
   */
  readonly tlsFailures?: AlarmSetting | undefined;
  /**
   * A certificate expires soon. Threshold: the alarm begins below this number of days.
   *
   * @default 21, for 60 minutes
   */
  readonly certificateEnds?: AlarmSetting | undefined;
  /**
   * A secret cannot be read or parsed. Threshold: faults.
   *
   * @default 1, over 5 minutes
   */
  readonly secretUnreadable?: AlarmSetting | undefined;
  /**
   * The queue table, or an index of it, is throttled; an alarm for each. Threshold: calls.
   *
   * @default 10, over 5 minutes
   */
  readonly tableThrottles?: AlarmSetting | undefined;
  /**
   * DynamoDB answers with internal errors. Threshold: calls.
   *
   * @default 5, over 5 minutes
   */
  readonly tableErrors?: AlarmSetting | undefined;
  /**
   * A function fails; an alarm for each. Threshold: errors.
   *
   * @default 1, over 5 minutes
   */
  readonly functionErrors?: AlarmSetting | undefined;
  /**
   * A function is throttled; an alarm for each. Threshold: calls.
   *
   * @default 1, over 5 minutes
   */
  readonly functionThrottles?: AlarmSetting | undefined;
  /**
   * The function time-out ends attempts. Threshold: attempts.
   *
   * @default 5, over 15 minutes
   */
  readonly deadlineClamped?: AlarmSetting | undefined;
  /**
   * Nearly all of `sessionBudget` is in use, or of `maximumConcurrency` if no budget is set. Threshold: percent.
   *
   * @default 90, for 15 minutes
   */
  readonly sessionBudget?: AlarmSetting | undefined;
  /**
   * Lambda drops invocations as recursive; an alarm for each function in the loop. Threshold: invocations.
   *
   * @default 1, over 5 minutes
   */
  readonly recursion?: AlarmSetting | undefined;
  /**
   * The sweep does not run. Threshold: the alarm begins below this number of runs.
   *
   * @default 1, over 15 minutes
   */
  readonly sweepStopped?: AlarmSetting | undefined;
}

/** Properties of a stack that are about its alarms. */
export interface AlarmProps {
  /**
   * Alarms by name, each with its threshold, or `false` for no alarm:
   * `{ lateMail: { threshold: 4 }, deadlineClamped: false }`.
   *
   * @default - all of them, each with its own default
   */
  readonly alarms?: AlarmSettings | undefined;
  /**
   * URL or path of your copy of docs/operating.md: the texts of alarms link to its headings.
   *
   * @default 'docs/operating.md'
   */
  readonly operatingManual?: string | undefined;
}

/** The condition of an alarm, with defaults. */
export interface Threshold {
  readonly value: number;
  readonly minutes: number;
}

const mostMinutes = 24 * 60;

/**
 * Returns the enabled alarms, with checked settings and defaults.
 *
 * @throws PropsError with the property, its value and what is allowed
 */
export function thresholdsOf(settings: AlarmSettings = {}): ReadonlyMap<AlarmName, Threshold> {
  for (const name of Object.keys(settings)) {
    if (Object.hasOwn(alarmTable, name)) continue;
    throw new PropsError(`alarms.${name} is not known: allowed are ${alarmNames.join(', ')}`);
  }
  return new Map(
    alarmNames.flatMap((name) => {
      const setting: unknown = settings[name];
      return setting === false ? [] : [[name, thresholdOf(name, setting)]];
    }),
  );
}

function thresholdOf(name: AlarmName, setting: unknown = {}): Threshold {
  const { threshold, minutes }: AlarmRow = alarmTable[name];
  if (typeof setting !== 'object' || setting === null) {
    throw refuse(`alarms.${name}`, setting, '{ threshold, over }, or false');
  }
  for (const property of Object.keys(setting)) {
    if (property !== 'threshold' && property !== 'over') {
      throw new PropsError(`alarms.${name}.${property} is not known: allowed are threshold, over`);
    }
  }
  const { threshold: value = threshold.usual, over = Duration.minutes(minutes) } = setting as AlarmThreshold;
  return {
    value: checkValue(`alarms.${name}.threshold`, value, threshold),
    minutes: checkMinutes(`alarms.${name}.over`, over),
  };
}

function checkValue(property: string, value: unknown, { unit, least, most }: AlarmRow['threshold']): number {
  // The text of an alarm cannot contain a number that is known only at deployment.
  const isNumber = typeof value === 'number' && !Token.isUnresolved(value);
  const isWhole = least < 1 || Number.isInteger(value);
  if (isNumber && isWhole && value >= least && value <= most) return value;
  throw refuse(property, value, `a ${least < 1 ? '' : 'whole '}number of ${unit} from ${least} to ${most}`);
}

function checkMinutes(property: string, over: unknown): number {
  const wanted = `Duration.minutes() with a multiple of ${minuteStep} up to ${mostMinutes}`;
  if (typeof over !== 'object' || over === null || !('toMinutes' in over)) throw refuse(property, over, wanted);
  const minutes = (over as Duration).toMinutes({ integral: false });
  if (minutes % minuteStep === 0 && minutes > 0 && minutes <= mostMinutes) return minutes;
  throw refuse(property, `${minutes} minutes`, wanted);
}
