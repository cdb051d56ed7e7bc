/** What the policies of a recorded stack deny, in words: in the logs of functions, and on the command line. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { runCommand } from '../../../support/lambda-lmtp.ts';
import type { RecordedStack, roleNames } from '../../../support/recorded-stack.ts';
import { patience, smallMessage, submitMail } from '../../../support/story.ts';

export function denialStories(recorded: () => RecordedStack): void {
  const stack = () => recorded().stack;

  describe('a function that has lost a permission logs action and resource, and what to grant:', () => {
    /** By function and action: the words, and the recipient whose mail needs the permission. */
    const stories: readonly (readonly [string, RegExp, RegExp, string?])[] = [
      [
        'Lmtp',
        /^s3:GetObject/,
        /"text":"the message body cannot be read: AccessDenied: (s3:GetObject\w*) on s3:\/\/.* is denied: grant \1 on s3:/,
      ],
      [
        'Lmtp',
        /^dynamodb:GetItem$/,
        /AccessDeniedException: dynamodb:GetItem on the table .* is denied: grant dynamodb:GetItem on the table/,
      ],
      [
        'Lmtp',
        /^dynamodb:UpdateItem$/,
        /dynamodb:UpdateItem on the table .* is denied: grant dynamodb:UpdateItem on the table/,
      ],
      [
        'Lmtp',
        /^sqs:DeleteMessage$/,
        /sqs:DeleteMessage on the queue .* is denied: grant sqs:DeleteMessage on the queue/,
      ],
      [
        'Lmtp',
        /^sns:Publish$/,
        /sns:Publish on the topic .* is denied: grant sns:Publish on the topic/,
        'nobody@example.com',
      ],
      ['Qmgr', /^s3:GetObject/, /AccessDenied: (s3:GetObject\w*) on s3:\/\/.* is denied: grant \1 on s3:/],
      ['Qmgr', /^dynamodb:PutItem$/, /dynamodb:PutItem on the table .* is denied: grant dynamodb:PutItem on the table/],
      ['Qmgr', /^sqs:SendMessage$/, /sqs:SendMessage on the queue .* is denied: grant sqs:SendMessage on the queue/],
    ];
    for (const [index, [name, action, words, recipient = 'bob@example.com']] of stories.entries()) {
      test(`${name} without ${action.source.replaceAll(/[\^$\\]/g, '')}`, async () => {
        const { permissions, log } = stack();
        const id = `unpermitted-${index}`;
        permissions.outage = (caller, wish) => caller.endsWith(name) && action.test(wish.action);
        try {
          await submitMail(stack(), { id, recipients: [recipient], authentication: { spf: 'PASS' } });
          await log.waitUntil((lines) => lines.some(({ line }) => words.test(line)), patience.within);
        } finally {
          permissions.outage = undefined;
        }
        assert.ok(
          !stack()
            .inspectQueue('corrupt')
            .ready.some(({ body }) => body.includes(id)),
        );
      });
    }
  });

  describe('a command of a role without the permission says so, and ends:', () => {
    const stories: readonly (readonly [(typeof roleNames)[number], readonly string[], number, RegExp])[] = [
      [
        'Producer',
        ['queue'],
        69,
        /^error: .*dynamodb:Query on the table "[\w-]+" is denied: grant dynamodb:Query on the table .* not authorized to perform: dynamodb:Query/,
      ],
      [
        'Producer',
        ['log', '--since', '5m'],
        69,
        /^error: the log cannot be read: .*logs:FilterLogEvents on the log group "[^"]+" is denied: grant logs:FilterLogEvents/,
      ],
      [
        'Observer',
        ['hold', 'observed', '--reason', 'x'],
        69,
        /dynamodb:UpdateItem on the table "[\w-]+" is denied: grant dynamodb:UpdateItem on the table/,
      ],
      [
        'Observer',
        ['submit', '--sender', '', '--recipient', 'bob@example.com', 'FILE'],
        69,
        /the body cannot be written to the bucket .* s3:PutObject on s3:\/\/.* is denied: grant s3:PutObject on s3:/,
      ],
      [
        'Producer',
        ['check', 'DESTINATION', '--function', 'FUNCTION'],
        75,
        /^error: --function: .*lambda:InvokeFunction on the function "[^"]+" is denied: grant lambda:InvokeFunction/,
      ],
    ];
    for (const [role, args, expected, words] of stories) {
      test(`${args[0]} as ${role}`, async () => {
        const file = join(stack().directory, 'denied.eml');
        writeFileSync(file, smallMessage);
        const values: Readonly<Record<string, string>> = {
          FILE: file,
          DESTINATION: stack().mailStore.destination,
          FUNCTION: stack().outputs.CheckFunctionName,
        };
        const { code, stdout, stderr } = await runCommand(
          args.map((word) => values[word] ?? word),
          { env: recorded().as(role) },
        );
        assert.match(stderr + stdout, words);
        assert.doesNotMatch(stderr + stdout, /UnknownError/);
        assert.equal(code, expected, stderr);
      });
    }
  });
}
