/** A corrupt request is put right: field by field, in an editor, by another in its place. */
import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { type EditWish, editRequest as editBy } from '../../functions/command/edit-request.ts';
import { Failure } from '../../functions/command/failure.ts';

let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'edit-request-'));
});
after(() => rm(folder, { recursive: true, force: true }));

const request = JSON.stringify({ id: 'a', sender: 'a@x', recipients: [{ address: 'b@x' }, 'c@x'], smtputf8: false });

let env: NodeJS.ProcessEnv = {};

async function editRequest(text: string, reason: string, wish: EditWish): Promise<string> {
  const { stdin, stderr } = process;
  return await editBy(text, reason, wish, { env: { ...process.env, ...env }, folder: '/', stdin, stderr });
}

async function edit(wish: Partial<EditWish>, text = request): Promise<unknown> {
  return JSON.parse(await editRequest(text, 'why', { set: [], unset: [], ...wish }));
}

async function fails(wish: Partial<EditWish>, pattern: RegExp, text = request): Promise<Failure> {
  let failure: unknown;
  await assert.rejects(editRequest(text, 'why', { set: [], unset: [], ...wish }), (error) => {
    failure = error;
    return true;
  });
  assert.ok(failure instanceof Failure);
  assert.match(failure.message, pattern);
  return failure;
}

test('without a wish it stays as it is, to the octet', async () => {
  assert.equal(await editRequest('{ "a" : 1 }x', 'why', { set: [], unset: [] }), '{ "a" : 1 }x');
});

describe('--set', () => {
  const cases: Readonly<Record<string, readonly [string, object]>> = {
    'a field that is there': ['sender=b@x', { sender: 'b@x' }],
    'text stays text': ['id=123', { id: '123' }],
    'an empty text': ['sender=', { sender: '' }],
    'what is JSON, where no text was': ['smtputf8=true', { smtputf8: true }],
    'a new object': ['message={"bucket":"b","key":"k=1"}', { message: { bucket: 'b', key: 'k=1' } }],
    'a new field with a field': ['message.key=in/x.eml', { message: { key: 'in/x.eml' } }],
    'one of a list': ['recipients[1]=d@x', { recipients: [{ address: 'b@x' }, 'd@x'] }],
    'a field of one of a list': ['recipients[0].address=d@x', { recipients: [{ address: 'd@x' }, 'c@x'] }],
  };
  for (const [name, [option, changed]] of Object.entries(cases)) {
    test(name, async () => {
      assert.deepEqual(await edit({ set: [option] }), { ...JSON.parse(request), ...changed });
    });
  }

  test('several, in their order', async () => {
    assert.partialDeepStrictEqual(
      await edit({ set: ['sender=b@x', 'sender=c@x', 'message.key=k', 'message.bucket=b'] }),
      {
        sender: 'c@x',
        message: { key: 'k', bucket: 'b' },
      },
    );
  });

  test('what is no field is refused, and a prototype is none', async () => {
    assert.equal((await fails({ set: ['sender'] }, /^--set: "sender": field=value is wanted/)).exitCode, 64);
    for (const path of ['a b', '', '.', '__proto__.x', 'message.constructor', 'a..b']) {
      await fails({ set: [`${path}=1`] }, /^--set: /);
    }
    await fails({ set: ['sender.x=1'] }, /^--set: "sender\.x": "sender" holds no fields/);
    assert.equal(({} as Record<string, unknown>)['x'], undefined);
  });

  test('what is no JSON object cannot be changed by field', async () => {
    for (const text of ['', 'x', '3', 'null', '"a"']) {
      assert.equal((await fails({ set: ['a=1'] }, /is no JSON/, text)).exitCode, 65);
    }
  });
});

describe('--unset', () => {
  test('takes a field away, or one of a list', async () => {
    assert.deepEqual(await edit({ unset: ['smtputf8', 'recipients[0]', 'id'] }), {
      sender: 'a@x',
      recipients: ['c@x'],
    });
    assert.partialDeepStrictEqual(await edit({ unset: ['recipients[0].address'] }), { recipients: [{}, 'c@x'] });
  });

  test('of what is not there is refused', async () => {
    for (const path of ['nothing', 'sender.x', 'recipients[7]', 'message.key']) {
      await fails({ unset: [path] }, /^--unset: there is no field /);
    }
  });
});

describe('--with', () => {
  test('takes another request, as it is', async () => {
    const file = join(folder, 'other.json');
    await writeFile(file, '{"other":1}\n');
    assert.equal(await editRequest(request, 'why', { set: [], unset: [], with: file }), '{"other":1}\n');
  });

  test('that is not there is refused', async () => {
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

  test('shows the request in the editor, indented, and takes what is saved', async () => {
    const seen = join(folder, 'seen');
    const script = `[ "$1" = --wait ] || exit 1; cp "$2" '${seen}'; sed -i s/a@x/z@x/ "$2"`;
    const edited = await withEditor(script, () => edit({ edit: true, set: ['id=b'] }));
    assert.partialDeepStrictEqual(edited, { id: 'b', sender: 'z@x' });
    assert.match(await readFile(seen, 'utf8'), /^\{\n {2}"id": "b",\n/);
  });

  test('shows what is no JSON as it came', async () => {
    assert.equal(
      await withEditor('exit 0', () => editRequest('{oops', 'why', { set: [], unset: [], edit: true })),
      '{oops',
    );
  });

  test('whose editor fails leaves everything as it was', async () => {
    const failure = await withEditor('exit 3', () => fails({ edit: true }, /^--edit: the editor .* did not end well/));
    assert.equal(failure.exitCode, 75);
  });
});

test('whatever is set where, a request comes out, or a failure that names the option', async () => {
  await fc.assert(
    fc.asyncProperty(fc.json(), fc.array(fc.string()), fc.array(fc.string()), async (text, set, unset) => {
      try {
        JSON.parse(await editRequest(text, 'why', { set, unset }));
      } catch (error) {
        assert.ok(error instanceof Failure, String(error));
        assert.match(error.message, /^--(?:set|unset): |^the request is no JSON/);
      }
    }),
  );
});
