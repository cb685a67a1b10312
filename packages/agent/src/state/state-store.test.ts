import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { WaggleError } from '@waggle/bpf';
import * as z from 'zod';
import type { DocumentKind } from './state-document.ts';
import { StateCorruptError } from './state-error.ts';
import { StateStore, type StateStoreOptions } from './state-store.ts';

const Names = z.array(z.strictObject({ id: z.int(), name: z.string() }));
type Names = z.infer<typeof Names>;
const names: DocumentKind<Names> = { name: 'names', version: 1, schema: Names };
const content: Names = [{ id: 7, name: 'web' }];

const made: string[] = [];
after(() => {
  for (const directory of made) rmSync(directory, { recursive: true, force: true });
});

function newDirectory(): string {
  const directory = join(mkdtempSync(join(tmpdir(), 'waggle-state-')), 'state');
  made.push(join(directory, '..'));
  return directory;
}

/** Runs `body` with the store of a directory, closed afterwards. */
async function withStore<Result>(
  directory: string,
  body: (store: StateStore) => Result | Promise<Result>,
  options: StateStoreOptions = {},
): Promise<Result> {
  const store = StateStore.open(directory, options);
  try {
    return await body(store);
  } finally {
    await store.close();
  }
}

const code = (expected: string, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof WaggleError, String(error));
  assert.equal(error.code, expected);
  assert.match(error.message, message);
  return true;
};

describe('the state', () => {
  test('is found again, in a directory that is nobody else’s', async () => {
    const directory = newDirectory();
    await withStore(directory, (store) => {
      const document = store.document(names);
      assert.equal(document.found, undefined);
      document.save(() => content);
    });
    assert.equal(statSync(directory).mode & 0o777, 0o700);
    assert.equal(statSync(join(directory, 'names.json')).mode & 0o777, 0o600);
    await withStore(directory, (store) => assert.deepEqual(store.document(names).found, content));
    assert.deepEqual(readdirSync(directory).sort(), ['agent.pid', 'names.json']);
  });

  test('is written once for changes that come together, with the last of them', async () => {
    const directory = newDirectory();
    await withStore(directory, async (store) => {
      const document = store.document(names);
      let taken = 0;
      for (let id = 0; id < 100; id++) {
        document.save(() => {
          taken += 1;
          return [{ id, name: 'web' }];
        });
      }
      await document.flush();
      assert.equal(taken, 1);
      assert.match(readFileSync(join(directory, 'names.json'), 'utf8'), /"id": 99/);
    });
  });

  test('is written at once where that is asked for, and stays so', async () => {
    const directory = newDirectory();
    await withStore(directory, async (store) => {
      const document = store.document(names);
      const read = () => JSON.parse(readFileSync(join(directory, 'names.json'), 'utf8')).content;
      document.save(() => []);
      const writing = document.flush();
      document.saveNow(content);
      assert.deepEqual(read(), content);
      await writing;
      await document.flush();
      assert.deepEqual(read(), content);
      rmSync(directory, { recursive: true });
      assert.throws(() => document.saveNow(content), code('NOT_FOUND', /names\.json: ENOENT/));
    });
  });

  test('is written without being asked, soon', async () => {
    const directory = newDirectory();
    await withStore(
      directory,
      async (store) => {
        store.document(names).save(() => content);
        const file = join(directory, 'names.json');
        const deadline = Date.now() + 2000;
        while (!readdirSync(directory).includes('names.json') && Date.now() < deadline) {
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), { version: 1, content });
      },
      { timing: { delay: 10 } },
    );
  });

  test('belongs to one agent at a time, and who has it is said', async () => {
    const directory = newDirectory();
    await withStore(directory, () => {
      assert.throws(
        () => StateStore.open(directory),
        code('BUSY', new RegExp(`another agent runs \\(pid ${process.pid}\\) and has .*${directory}`)),
      );
    });
    await withStore(directory, () => {});
  });

  test('is not kept where others can change it', () => {
    const directory = newDirectory();
    rmSync(directory, { recursive: true, force: true });
    const parent = join(directory, '..');
    chmodSync(parent, 0o777);
    assert.throws(() => StateStore.open(parent), code('DENIED', /others can change/));
  });

  test('that the owner could not read again is not written', async () => {
    const directory = newDirectory();
    await withStore(directory, async (store) => {
      const document = store.document(names);
      document.save(() => content);
      await document.flush();
      document.save(() => [{ id: 0.5, name: 'half' }]);
      await assert.rejects(document.flush(), /content\[0\]\.id: /);
      assert.deepEqual(
        store.problems().map((problem) => problem.document),
        ['names'],
      );
      document.save(() => content);
      await document.flush();
      assert.deepEqual(store.problems(), []);
    });
  });

  test('has one owner for each document', async () => {
    await withStore(newDirectory(), (store) => {
      store.document(names);
      assert.throws(() => store.document(names), code('BUSY', /"names" is open already/));
      assert.throws(() => store.document({ ...names, name: '../etc' }), code('MALFORMED', /is not a name/));
    });
  });
});

describe('a state file', () => {
  /** What opening a document throws, or answers, whose file has this text. */
  const reading = (text: string, kind: DocumentKind<Names> = names) => {
    const directory = newDirectory();
    return withStore(directory, (store) => {
      writeFileSync(join(directory, 'names.json'), text);
      return store.document(kind).found;
    });
  };

  for (const [what, text, place] of [
    ['empty', '', /it is empty/],
    ['cut off', '{"version": 1, "content": [{"id": 7', /JSON/],
    ['full of zeros', '\0'.repeat(40), /JSON/],
    ['without a version', '{"content": []}', /version/],
    [
      'of a wrong form',
      '{"version": 1, "content": [{"id": 7, "name": "a"}, {"id": "8", "name": "b"}]}',
      /content\[1\]\.id: /,
    ],
  ] as const) {
    test(`that is ${what} is refused with its place and what to do`, async () => {
      await assert.rejects(reading(text), (error) => {
        assert.ok(error instanceof StateCorruptError);
        assert.match(error.place, place);
        assert.match(error.message, /names\.json is damaged: .*traffic goes on.*--discard-state names/s);
        return true;
      });
    });
  }

  test('of a newer waggle is refused', async () => {
    await assert.rejects(
      reading('{"version": 2, "content": []}'),
      code('NOT_SUPPORTED', /of version 2, and this waggle knows versions up to 1.*--discard-state names/),
    );
  });

  test('of an older waggle is brought up to date, version by version', async () => {
    const kind: DocumentKind<Names> = {
      ...names,
      version: 3,
      migrations: {
        1: (old) =>
          z
            .array(z.string())
            .parse(old)
            .map((name) => ({ name })),
        2: (old) =>
          z
            .array(z.object({ name: z.string() }))
            .parse(old)
            .map(({ name }, id) => ({ id, name })),
      },
    };
    assert.deepEqual(await reading('{"version": 1, "content": ["a", "b"]}', kind), [
      { id: 0, name: 'a' },
      { id: 1, name: 'b' },
    ]);
    await assert.rejects(reading('{"version": 1, "content": [1]}', kind), StateCorruptError);
    await assert.rejects(
      reading('{"version": 1, "content": []}', { ...kind, migrations: {} }),
      code('NOT_SUPPORTED', /can no longer read it/),
    );
  });

  test('that is discarded is moved aside', async () => {
    const directory = newDirectory();
    await withStore(directory, () => writeFileSync(join(directory, 'names.json'), 'damaged'));
    await withStore(directory, (store) => assert.equal(store.document(names).found, undefined), {
      discard: ['names'],
    });
    const [kept = ''] = readdirSync(directory).filter((name) => name.startsWith('names.json.discarded-'));
    assert.equal(readFileSync(join(directory, kept), 'utf8'), 'damaged');
    assert.throws(
      () => StateStore.open(directory, { discard: ['nothing'] }),
      code('NOT_FOUND', /no state "nothing"/),
    );
    await withStore(directory, () => {});
  });
});
