/**
 * What an agent and its servers say to each other, for tests that ask how something was said.
 *
 *     const dialogue = recordDialogue();
 *     await deliverTo(destination, recipients, testAgent({}, dialogue));
 *     dialogue.commands()
 */
import type { Transcript } from '../../functions/session/chat.ts';

export interface RecordedDialogue {
  /** To be given to the agent. */
  readonly transcript: Transcript;
  /** The client's lines since this was last asked; content is `<content>`. */
  commands(): readonly string[];
  /** The server's lines since this was last asked. */
  replies(): readonly string[];
}

/** Makes an empty record. */
export function recordDialogue(): RecordedDialogue {
  const lines: Record<'C' | 'S', string[]> = { C: [], S: [] };
  return {
    transcript: (side, line) => lines[side].push(line),
    commands: () => lines.C.splice(0),
    replies: () => lines.S.splice(0),
  };
}
