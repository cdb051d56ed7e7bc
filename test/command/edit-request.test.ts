/** A corrupt request is corrected: field by field, in an editor, or by another in its place. */
import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { type EditOptions, editRequest as editBy } from '../../functions/command/edit-request.ts';
import { Failure } from '../../functions/command/failure.ts';

let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'edit-request-'));
});
after(() => rm(folder, { recursive: true, force: true }));

const request = JSON.stringify({ id: 'a', sender: 'a@x', recipients: [{ address: 'b@x' }, 'c@x'], smtputf8: false });

let env: NodeJS.ProcessEnv = {};

async function editRequest(text: string, reason: string, wish: EditOptions): Promise<string> {
  const { stdin, stderr } = process;
  return await editBy(text, reason, wish, { env: { ...process.env, ...env }, folder: '/', stdin, stderr });
}

async function edit(wish: Partial<EditOptions>, text = request): Promise<unknown> {
  return JSON.parse(await editRequest(text, 'why', { set: [], unset: [], ...wish }));
}

async function fails(wish: Partial<EditOptions>, pattern: RegExp, text = request): Promise<Failure> {
  let failure: unknown;
  await assert.rejects(editRequest(text, 'why', { set: [], unset: [], ...wish }), (error) => {
    failure = error;
    return true;
  });
  assert.ok(failure instanceof Failure);
  assert.match(failure.message, pattern);
  return failure;
}

test('without options it stays unchanged, to the octet', async () => {
  assert.equal(await editRequest('{ "a" : 1 }x', 'why', { set: [], unset: [] }), '{ "a" : 1 }x');
});

describe('--set', () => {
  const cases: Readonly<Record<string, readonly [string, object]>> = {
    'an existing field': ['sender=b@x', { sender: 'b@x' }],
    'text stays text': ['id=123', { id: '123' }],
    'an empty text': ['sender=', { sender: '' }],
    'a JSON value instead of text': ['smtputf8=true', { smtputf8: true }],
    'a new object': ['message={"bucket":"b","key":"k=1"}', { message: { bucket: 'b', key: 'k=1' } }],
    'a new field with a field': ['message.key=in/x.eml', { message: { key: 'in/x.eml' } }],
    'one element of a list': ['recipients[1]=d@x', { recipients: [{ address: 'b@x' }, 'd@x'] }],
    'a field of one element of a list': ['recipients[0].address=d@x', { recipients: [{ address: 'd@x' }, 'c@x'] }],
  };
  for (const [name, [option, changed]] of Object.entries(cases)) {
    test(name, async () => {
      assert.deepEqual(await edit({ set: [option] }), { ...JSON.parse(request), ...changed });
    });
  }

  test('several, in order', async () => {
    assert.partialDeepStrictEqual(
      await edit({ set: ['sender=b@x', 'sender=c@x', 'message.key=k', 'message.bucket=b'] }),
      {
        sender: 'c@x',
        message: { key: 'k', bucket: 'b' },
      },
    );
  });

  test('an unknown field is refused, and so is a prototype', async () => {
    assert.equal((await fails({ set: ['sender'] }, /^--set: "sender": expected field=value/)).exitCode, 64);
    for (const path of ['a b', '', '.', '__proto__.x', 'message.constructor', 'a..b']) {
      await fails({ set: [`${path}=1`] }, /^--set: /);
    }
    await fails({ set: ['sender.x=1'] }, /^--set: "sender\.x": "sender" is not an object/);
    assert.equal(({} as Record<string, unknown>)['x'], undefined);
  });

  test('a request with a field twice cannot be changed by field, because one of them would be lost', async () => {
    const { message, exitCode } = await fails(
      { set: ['a=1'] },
      /^sender: the request has it twice/,
      '{"sender":"a@x","sender":"b@x"}',
    );
    assert.match(message, /use --edit or --with FILE$/);
    assert.equal(exitCode, 65);
  });

  test('anything but a JSON object cannot be changed by field', async () => {
    for (const text of ['', 'x', '3', 'null', '"a"']) {
      assert.equal((await fails({ set: ['a=1'] }, /is not JSON|is not a JSON object/, text)).exitCode, 65);
    }
  });
});

describe('--unset', () => {
  test('removes a field, or one element of a list', async () => {
    assert.deepEqual(await edit({ unset: ['smtputf8', 'recipients[0]', 'id'] }), {
      sender: 'a@x',
      recipients: ['c@x'],
    });
    assert.partialDeepStrictEqual(await edit({ unset: ['recipients[0].address'] }), { recipients: [{}, 'c@x'] });
  });

  test('of a missing field is refused', async () => {
    for (const path of ['nothing', 'sender.x', 'recipients[7]', 'message.key']) {
      await fails({ unset: [path] }, /^--unset: there is no field /);
    }
  });
});

describe('--with', () => {
  test('uses another request, unchanged', async () => {
    const file = join(folder, 'other.json');
    await writeFile(file, '{"other":1}\n');
    assert.equal(await editRequest(request, 'why', { set: [], unset: [], with: file }), '{"other":1}\n');
  });

  test('with a missing file is refused', async () => {
    const failure = await fails({ with: join(folder, 'absent') }, /^--with: ".*absent" cannot be read: no such file/);
    assert.equal(failure.exitCode, 64);
  });
});

describe('--edit', () => {
  async function withEditor<T>(script: string, act: () => Promise<T>): Promise<T> {
    const editor = join(folder, 'editor with a blank.sh');
    await writeFile(editor, `#!/bin/sh\n${script}\n`);
    await chmod(editor, 0o700);
    env = { VISUAL: '', EDITOR: `'${editor}' --wait` };
    try {
      return await act();
    } finally {
      env = {};
    }
  }

  test('shows the request in the editor, indented, and uses the saved text', async () => {
    const seen = join(folder, 'seen');
    const script = `[ "$1" = --wait ] || exit 1; cp "$2" '${seen}'; sed -i s/a@x/z@x/ "$2"`;
    const edited = await withEditor(script, () => edit({ edit: true, set: ['id=b'] }));
    assert.partialDeepStrictEqual(edited, { id: 'b', sender: 'z@x' });
    assert.match(await readFile(seen, 'utf8'), /^\{\n {2}"id": "b",\n/);
  });

  test('shows a request with a field twice literally, because indenting would lose one', async () => {
    const twice = '{"sender":"a@x","sender":"b@x"}';
    const wish = { set: [], unset: [], edit: true } as const;
    assert.equal(await withEditor('exit 0', () => editRequest(twice, 'why', wish)), twice);
  });

  test('shows invalid JSON literally', async () => {
    assert.equal(
      await withEditor('exit 0', () => editRequest('{oops', 'why', { set: [], unset: [], edit: true })),
      '{oops',
    );
  });

  test('with a failing editor leaves everything unchanged', async () => {
    const failure = await withEditor('exit 3', () => fails({ edit: true }, /^--edit: the editor .* failed/));
    assert.equal(failure.exitCode, 75);
  });
});

test('any changes give a request, or a failure that names the option', async () => {
  await fc.assert(
    fc.asyncProperty(fc.json(), fc.array(fc.string()), fc.array(fc.string()), async (text, set, unset) => {
      try {
        JSON.parse(await editRequest(text, 'why', { set, unset }));
      } catch (error) {
        assert.ok(error instanceof Failure, String(error));
        assert.match(error.message, /^--(?:set|unset): |^the request is not (?:JSON|a JSON object)/);
      }
    }),
  );
});
