/** The story judges what its world says; in a world where something goes otherwise, it ends with that step. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Trace } from '@waggle/policy';
import { Narrator } from './narrator.ts';
import { tellRemains, tellStory } from './story.ts';
import type { World } from './world.ts';

/** A world in which all goes as expected, but for what is said. */
function world(differing: Partial<World> = {}): World {
  let policies: string[] = [];
  const isClosed = () => policies.includes('hangar-closed');
  const mayLand = (ship: string) => !isClosed() && (policies.length === 0 || ship === 'tiefighter');
  return {
    engine: 'agent',
    opening: '',
    gather: async () => ({ account: '', members: [] }),
    land: async (ship) => ({ done: mayLand(ship), account: '' }),
    talk: async () => ({
      mark: () => {},
      hears: async () => ({ done: !isClosed(), account: '' }),
      end: () => {},
    }),
    apply: async ({ name }) => {
      policies.push(name);
      return '';
    },
    withdraw: async ({ name }) => {
      policies = policies.filter((each) => each !== name);
      return '';
    },
    trace: async (ship) => traceOf(mayLand(ship) ? 'allowed' : 'denied'),
    followDrops: async () => async () => ({ done: true, account: '' }),
    loseEngine: async () => '',
    findEngine: async () => ({ done: true, account: '' }),
    close: async () => [],
    ...differing,
  };
}

const traceOf = (verdict: Trace['verdict']): Trace => ({
  from: 1,
  to: 2,
  protocol: 6,
  port: 8080,
  verdict,
  directions: [],
});

async function told(differing?: Partial<World>) {
  let text = '';
  const narrator = new Narrator({
    write: (part) => {
      text += part;
    },
  });
  await tellStory(world(differing), narrator);
  return { text, steps: text.match(/^\d/gm)?.length, ...narrator.tally };
}

test('all goes as expected', async () => {
  const { unmet, steps } = await told();
  assert.deepEqual({ unmet, steps }, { unmet: 0, steps: 6 });
});

test('a policy that lets everybody land is noticed, and ends the story', async () => {
  const { text, unmet, steps } = await told({ land: async () => ({ done: true, account: 'it landed' }) });
  assert.deepEqual({ unmet, steps }, { unmet: 1, steps: 4 });
  assert.match(text, /xwing is dropped +not so: it landed/);
});

test('so is a trace that is wrong, and a connection that lives on', async () => {
  assert.equal((await told({ trace: async () => traceOf('allowed') })).unmet, 1);
  const talk = { mark: () => {}, hears: async () => ({ done: true, account: '' }), end: () => {} };
  assert.equal((await told({ talk: async () => talk })).unmet, 1);
});

test('so is what is left behind', async () => {
  const narrator = new Narrator({ write: () => {} });
  await tellRemains(
    [
      { what: 'processes', left: [] },
      { what: 'files', left: ['/run/x'] },
    ],
    narrator,
  );
  assert.deepEqual(narrator.tally, { met: 1, unmet: 1 });
});
