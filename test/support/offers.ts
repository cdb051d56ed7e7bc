/** The offers of a server, from the lines of its LHLO reply: `offers('PIPELINING', 'SIZE 1000')`. */
import { type Capabilities, parseCapabilities } from '../../functions/smtp/capabilities.ts';
import { ReplyAssembler } from '../../functions/smtp/reply.ts';

export function offers(...keywords: readonly string[]): Capabilities {
  const assembler = new ReplyAssembler();
  const lines = ['mail.example', ...keywords];
  const replies = lines.flatMap((line, index) => {
    return assembler.take(`250${index === lines.length - 1 ? ' ' : '-'}${line}`) ?? [];
  });
  const [reply] = replies;
  if (reply === undefined) throw new Error('the keywords make no reply');
  return parseCapabilities(reply);
}
