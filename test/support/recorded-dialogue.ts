/**
 * The dialogue of an agent and its servers, for tests of single lines.
 *
 *     const dialogue = recordDialogue();
 *     await deliverTo(destination, recipients, testAgent({}, dialogue));
 *     dialogue.commands()
 */
import type { Transcript } from '../../functions/session/chat.ts';

export interface RecordedDialogue {
  /** For the agent. */
  readonly transcript: Transcript;
  /** The client's lines since the last call; content is `<content>`. */
  commands(): readonly string[];
  /** The server's lines since the last call. */
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
