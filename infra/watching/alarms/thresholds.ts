/** What may be said about the alarms of a stack, and the check that no wrong value gets past synth. */
import { Duration, Token } from 'aws-cdk-lib';
import { PropsError, refuse } from '../../properties/props-error.ts';
import { type AlarmName, alarmNames, alarmTable } from './catalogue.ts';
import { type AlarmRow, minuteStep } from './row.ts';

/** When an alarm goes off; `false`: never, it is not made. */
export type AlarmSetting = false | AlarmThreshold;

/** When an alarm goes off. */
export interface AlarmThreshold {
  /**
   * From which value on, in the unit that the alarm counts in; for `certificateEnds` and `sweepStopped` below which.
   *
   * @default - see the alarm
   */
  readonly threshold?: number | undefined;
  /**
   * What is counted is counted over this time; any other condition must last for so long. Multiples of five minutes, up to a day.
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
   * Requests or messages cannot be used, and wait for an operator. Threshold: requests or deliveries.
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
   * Deliveries that took functions down are held. Threshold: deliveries.
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
   * A password is refused, or AUTH not offered. Threshold: refusals.
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
   * A certificate ends soon. Threshold: days, below which.
   *
   * @default 21, for 60 minutes
   */
  readonly certificateEnds?: AlarmSetting | undefined;
  /**
   * A secret cannot be read or understood. Threshold: faults.
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
   * DynamoDB answers with faults of its own. Threshold: calls.
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
   * Attempts are ended by the function's own time. Threshold: attempts.
   *
   * @default 5, over 15 minutes
   */
  readonly deadlineClamped?: AlarmSetting | undefined;
  /**
   * Nearly all of `sessionBudget`, or of `maximumConcurrency` where there is none, is in use. Threshold: percent.
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
   * The sweep does not run. Threshold: runs, below which.
   *
   * @default 1, over 15 minutes
   */
  readonly sweepStopped?: AlarmSetting | undefined;
}

/** Properties of a stack that are about its alarms. */
export interface AlarmProps {
  /**
   * Alarms by name: other thresholds than usual, or `false` for one that is not wanted, as in
   * `{ lateMail: { threshold: 4 }, deadlineClamped: false }`.
   *
   * @default - all of them, each with its own default
   */
  readonly alarms?: AlarmSettings | undefined;
  /**
   * Where your people read docs/operating.md: the texts of alarms point to headings of it.
   *
   * @default 'docs/operating.md'
   */
  readonly operatingManual?: string | undefined;
}

/** When an alarm goes off, with all defaults filled in. */
export interface Threshold {
  readonly value: number;
  readonly minutes: number;
}

const mostMinutes = 24 * 60;

/**
 * Checks settings and fills in defaults.
 *
 * @returns the alarms that are wanted
 * @throws PropsError naming the property, its value and what is allowed
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
    throw refuse(`alarms.${name}`, setting, '{ threshold, over }, or false,');
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
  // A number that is known when the stack is deployed cannot stand in the text of an alarm.
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
