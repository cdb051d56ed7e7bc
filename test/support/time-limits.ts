/** Time limits in which one stage is short and all others are not. */
import {
  type Deadline,
  deadlineAfter,
  noDeadline,
  type TimedStage,
  TimeLimits,
  type Timeouts,
} from '../../functions/session/limit.ts';

const patient: Timeouts = {
  connect: 10_000,
  greeting: 10_000,
  LHLO: 10_000,
  STARTTLS: 10_000,
  AUTH: 10_000,
  MAIL: 10_000,
  RCPT: 10_000,
  DATA: 10_000,
  content: 10_000,
  dot: 10_000,
  'next dot': 10_000,
  RSET: 10_000,
  QUIT: 10_000,
};

/** @param short milliseconds of the stages that are not to take their time */
export function limitsWith(short: Partial<Timeouts> = {}, deadline: Deadline = noDeadline): TimeLimits {
  return new TimeLimits({ ...patient, ...short }, deadline);
}

/** Every stage that has a limit. */
export const timedStages = Object.keys(patient) as readonly TimedStage[];

/**
 * A deadline so many milliseconds from now.
 *
 * @param whole how long the invocation is, in milliseconds; absent: so long that no silence of a test counts
 */
export function deadlineIn(milliseconds: number, whole = Number.POSITIVE_INFINITY): Deadline {
  return { ...deadlineAfter(milliseconds), whole };
}

/** A deadline that does not come nearer. */
export function fixedDeadline(left: number, whole = Number.POSITIVE_INFINITY): Deadline {
  return { left: () => left, whole };
}
