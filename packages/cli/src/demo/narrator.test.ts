/** How the story is told: what was expected beside what happened, within the page, and who counts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Narrator, type NarratorOptions } from './narrator.ts';

async function told(options: NarratorOptions, tell: (narrator: Narrator) => Promise<void> | void) {
  let text = '';
  const narrator = new Narrator(
    {
      write: (part) => {
        text += part;
      },
    },
    options,
  );
  await tell(narrator);
  return { text, lines: text.split('\n'), ...narrator.tally };
}

test('expectations are counted, and those that were not met say so', async () => {
  const { text, met, unmet } = await told({}, async (narrator) => {
    await narrator.step('First');
    narrator.expect('it lands', true, 'it landed');
    narrator.expect('it is dropped', false, 'it landed');
    narrator.end('Over.');
  });
  assert.deepEqual({ met, unmet }, { met: 1, unmet: 1 });
  assert.match(
    text,
    /^\n1 {2}First\n {3}\S it lands {2,}it landed\n {3}\S it is dropped {2,}not so: it landed\n/,
  );
});

test('a label is in every heading', async () => {
  const { lines } = await told({ label: 'simulation' }, async (narrator) => {
    narrator.title('The title', 'What it is.');
    for (const step of ['one', 'two']) await narrator.step(step);
    narrator.end('Over.');
  });
  const headings = lines.filter((line) => /^(\d|The title|\S Over)/.test(line));
  assert.equal(headings.length, 4);
  for (const heading of headings) assert.match(heading, /\[simulation\]$/);
});

test('nothing is wider than a page', async () => {
  const { lines } = await told({}, async (narrator) => {
    narrator.title('The title', 'many words '.repeat(30));
    await narrator.step('One');
    narrator.say('many words '.repeat(30));
    narrator.expect('it is dropped', true, 'many words '.repeat(30));
    narrator.end('many words '.repeat(30));
  });
  assert.ok(lines.length > 15);
  for (const line of lines) assert.ok(line.length <= 100, line);
});

test('who is stopped says nothing more', async () => {
  const { text } = await told({}, (narrator) => {
    narrator.stop();
    narrator.title('The title');
  });
  assert.equal(text, '');
});
