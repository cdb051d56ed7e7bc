/** An exchange as a list of steps, one for each challenge of the mechanism. */

import { SaslError } from './errors.ts';
import type { Exchange } from './mechanism.ts';

/** Answers one challenge. */
export type Step = (challenge: Buffer) => Buffer;

/** The messages of a mechanism, in order. */
export interface Course {
  /** See {@link Exchange.initial}. */
  readonly initial?: Buffer;
  /** Responses to the challenges, in order. */
  readonly steps?: readonly Step[];
  /** See {@link Exchange.verifyServer}. */
  readonly verifyServer?: () => void;
}

/**
 * Returns the exchange for a course. A challenge after the last step is an error. After an error no challenge is answered, and the
 * server is not trusted.
 *
 * @param mechanism its name, for error texts
 */
export function followCourse(mechanism: string, { initial, steps = [], verifyServer }: Course): Exchange {
  let ahead = [...steps];
  let hasFailed = false;
  return {
    initial,
    respond(challenge) {
      const [step, ...rest] = ahead;
      ahead = [];
      hasFailed = true;
      if (step === undefined) throw new SaslError(`the server sent more challenges than ${mechanism} has`);
      const response = step(challenge);
      ahead = rest;
      hasFailed = false;
      return response;
    },
    verifyServer() {
      if (hasFailed) throw new SaslError(`the server accepted a ${mechanism} exchange that had failed`);
      verifyServer?.();
    },
  };
}
