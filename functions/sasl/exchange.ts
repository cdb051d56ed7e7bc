/** An exchange as a row of steps, one for each challenge that the mechanism knows. */

import { type Exchange, SaslError } from './mechanism.ts';

/** What is done with one challenge. */
export type Step = (challenge: Buffer) => Buffer;

/** What a mechanism says, and when. */
export interface Course {
  /** See {@link Exchange.initial}. */
  readonly initial?: Buffer;
  /** Responses to the challenges, in their order. */
  readonly steps?: readonly Step[];
  /** See {@link Exchange.conclude}. */
  readonly conclude?: () => void;
}

/**
 * Makes an exchange of it. A challenge beyond the last step is an error, and after an error nothing more is answered and
 * nothing can be concluded: a server that goes on all the same is not believed.
 *
 * @param mechanism its name, for error texts
 */
export function followCourse(mechanism: string, { initial, steps = [], conclude }: Course): Exchange {
  let ahead = [...steps];
  let hasFailed = false;
  return {
    initial,
    respond(challenge) {
      const [step, ...rest] = ahead;
      ahead = [];
      hasFailed = true;
      if (step === undefined) throw new SaslError(`the server asks for more than ${mechanism} has to say`);
      const response = step(challenge);
      ahead = rest;
      hasFailed = false;
      return response;
    },
    conclude() {
      if (hasFailed) throw new SaslError(`the server accepted a ${mechanism} exchange that had failed`);
      conclude?.();
    },
  };
}
