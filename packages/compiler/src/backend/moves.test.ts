/** Moves at once, one after another: simulated on registers and memory. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { alu64, type Instruction, type Register } from './instruction.ts';
import { type Location, type Move, sequence } from './moves.ts';
import { Class, Mode, Size } from './opcode.ts';

const EMERGENCY = { circle: -64, lent: -72 };
const LOAD = Class.ldx | Mode.memory | Size.u64;
const STORE = Class.stx | Mode.memory | Size.u64;
const STORE_IMMEDIATE = Class.st | Mode.memory | Size.u64;

const keyOf = (place: Location): string => ('register' in place ? `r${place.register}` : `f${place.frame}`);

/** Runs moves, loads and stores on named places. */
function run(instructions: readonly Instruction[], places: Map<string, string>): void {
  for (const { opcode, destination, source, offset, immediate } of instructions) {
    if (opcode === LOAD) places.set(`r${destination}`, places.get(`f${offset}`) ?? '?');
    else if (opcode === STORE) places.set(`f${offset}`, places.get(`r${source}`) ?? '?');
    else if (opcode === STORE_IMMEDIATE) places.set(`f${offset}`, `=${immediate}`);
    else if ((opcode & 8) === 0) places.set(`r${destination}`, `=${immediate}`);
    else places.set(`r${destination}`, places.get(`r${source}`) ?? '?');
  }
}

const locations: fc.Arbitrary<Location> = fc.oneof(
  fc.record({ register: fc.nat(4) }),
  fc.record({ frame: fc.constantFrom(-8, -16, -24) }),
);
const sources: fc.Arbitrary<Move['from']> = fc.oneof(
  { weight: 4, arbitrary: locations },
  fc.record({
    value: fc.record({ kind: fc.constant('constant' as const), value: fc.bigInt({ min: 1n, max: 9n }) }),
  }),
);

for (const spare of [undefined, 9]) {
  test(`every target gets what its source held before, ${spare ? 'with' : 'without'} a spare register`, () => {
    const moves = fc.uniqueArray(fc.record({ to: locations, from: sources }), {
      selector: ({ to }) => keyOf(to),
      maxLength: 8,
    });
    fc.assert(
      fc.property(moves, (list) => {
        const places = new Map<string, string>();
        for (let register = 0; register < 5; register++) places.set(`r${register}`, `in r${register}`);
        for (const frame of [-8, -16, -24]) places.set(`f${frame}`, `in f${frame}`);
        const expected = new Map(places);
        for (const { to, from } of list) {
          const content =
            'value' in from && from.value.kind === 'constant' ? `=${from.value.value}` : undefined;
          expected.set(keyOf(to), content ?? (places.get(keyOf(from as Location)) || '?'));
        }
        const instructions = sequence(list, {
          spare,
          emergency: (use) => EMERGENCY[use],
          compute: (register, value) => [
            alu64.mov(
              { register: register as Register },
              value.kind === 'constant' ? Number(value.value) : 0,
            ),
          ],
        });
        run(instructions, places);
        for (const [place, content] of expected) assert.equal(places.get(place), content, place);
      }),
      { numRuns: 500 },
    );
  });
}

test('moves that change nothing are none', () => {
  const context = { spare: undefined, emergency: () => 0, compute: () => [] };
  assert.deepEqual(sequence([{ to: { register: 1 }, from: { register: 1 } }], context), []);
});
