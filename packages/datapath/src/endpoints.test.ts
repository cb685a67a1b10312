/** Endpoints that come, change and go, also while nobody has the datapath in his hands. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, unlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { Link } from '@waggle/kernel';
import { needsRoot, withBpffs } from '../../kernel/src/testing/lab.ts';
import { SMALL, specOf, withDevice } from './testing/device.ts';

await import('@waggle/compiler/register');
const { Datapath } = await import('./datapath.ts');

/** Runs a body with a directory for pins and a device. */
const withPins = (
  body: (pins: string, device: number, lab: Parameters<Parameters<typeof withDevice>[0]>[1]) => void,
) => withBpffs((bpffs) => withDevice((device, lab) => body(join(bpffs, 'waggle'), device, lab)));

/** What is attached, by the pins: links that stay, and programs that change. */
function attached(pins: string, device: number) {
  return ['from', 'to'].map((name) => {
    using link = Link.openPinned(join(pins, 'endpoints', String(device), name));
    return link.info();
  });
}

test('added again, it is what it is now, and its links and programs stay', { skip: needsRoot }, async () => {
  await withPins((pins, device) => {
    using datapath = Datapath.open({ pins, ...SMALL, maxEndpoints: 4 });
    datapath.addEndpoint(specOf(device));
    const before = attached(pins, device);
    const changed = specOf(device, { identity: 301, ipv4: '10.0.0.9', mac: '02:00:00:00:00:09' });
    datapath.addEndpoint(changed);
    assert.deepEqual(attached(pins, device), before);
    assert.deepEqual(datapath.endpoints(), [{ device, spec: changed }], 'and its old address is forgotten');
    assert.equal([...datapath.maps.endpoints].length, 2);
  });
});

test('opened again, it has its programs again', { skip: needsRoot }, async () => {
  await withPins((pins, device) => {
    const add = (options: object): void => {
      using datapath = Datapath.open({ pins, ...SMALL, ...options });
      datapath.addEndpoint(specOf(device));
    };
    const kept = () =>
      Datapath.list(pins).flatMap(({ kind, path }) => (kind === 'program' ? [basename(path)] : []));
    add({});
    const [before, names] = [attached(pins, device), kept()];
    assert.equal(names.length, 3);
    add({});
    assert.deepEqual(attached(pins, device), before);
    assert.deepEqual(kept(), names);
    add({ monitoring: { aggregation: 'off' } });
    for (const [index, { id, programId }] of attached(pins, device).entries()) {
      assert.equal(id, before[index]?.id, 'the links stay');
      assert.notEqual(programId, before[index]?.programId, 'other programs take the place of the old ones');
    }
    assert.equal(kept().length, 3);
  });
});

test('another identity is one of both addresses', { skip: needsRoot }, async () => {
  await withPins((pins, device) => {
    using datapath = Datapath.open({ pins, ...SMALL });
    datapath.addEndpoint(specOf(device));
    const before = attached(pins, device);
    datapath.updateEndpoint(device, { identity: 302 });
    assert.deepEqual(datapath.endpoints(), [{ device, spec: specOf(device, { identity: 302 }) }]);
    assert.deepEqual(
      [...datapath.maps.endpoints].map(([, { identity }]) => identity),
      [302, 302],
    );
    assert.deepEqual(attached(pins, device), before, 'no program has changed for that');
    assert.throws(() => datapath.updateEndpoint(device + 100, { identity: 1 }), { code: 'NOT_FOUND' });
  });
});

test('added in steps, it is there after the last one, or nothing of it', { skip: needsRoot }, async () => {
  await withPins((pins, device) => {
    using datapath = Datapath.open({ pins, ...SMALL });
    const links = join(pins, 'endpoints', String(device));
    const steps = datapath.addingEndpoint(specOf(device));
    assert.deepEqual([steps.next().done, steps.next().done], [false, false]);
    assert.deepEqual(readdirSync(links), ['from'], 'nothing that it sends is undecided');
    assert.deepEqual(datapath.endpoints(), []);
    assert.equal(steps.next().done, true);
    assert.deepEqual(datapath.endpoints(), [{ device, spec: specOf(device) }]);
    datapath.removeEndpoint(device);

    const failing = datapath.addingEndpoint(specOf(device));
    failing.next();
    failing.next();
    mkdirSync(join(links, 'to'));
    assert.throws(() => failing.next(), { code: 'EXISTS' });
    assert.deepEqual(readdirSync(links), ['to'], 'of somebody else');
    assert.deepEqual([...datapath.maps.endpoints], []);
  });
});

test('what cannot be added has changed nothing', { skip: needsRoot }, async () => {
  await withPins((pins, device) => {
    using datapath = Datapath.open({ pins, ...SMALL });
    for (const [spec, code] of [
      [specOf(device + 100), 'NOT_FOUND'],
      [specOf(device, { ipv4: '10.0.0' }), 'MALFORMED'],
      [specOf(device, { mac: 'none' }), 'MALFORMED'],
      [{ interface: device, identity: 1, mac: '02:00:00:00:00:01' }, 'MISSING_FIELD'],
    ] as const) {
      assert.throws(() => datapath.addEndpoint(spec), { code }, code);
      assert.deepEqual(datapath.endpoints(), [], code);
      assert.deepEqual([...datapath.maps.endpoints], [], code);
    }
    datapath.addEndpoint(specOf(device));
    const before = attached(pins, device);
    // The second of the two links cannot be pinned, where something else is.
    datapath.removeEndpoint(device);
    mkdirSync(join(pins, 'endpoints', String(device)));
    mkdirSync(join(pins, 'endpoints', String(device), 'to'));
    assert.throws(() => datapath.addEndpoint(specOf(device)), { code: 'EXISTS' });
    assert.deepEqual(datapath.endpoints(), []);
    assert.equal(
      before.some(({ id }) => Link.ids().includes(id)),
      false,
    );
  });
});

test('a device that is gone is forgotten when the pins are opened again', { skip: needsRoot }, async () => {
  await withPins((pins, device, lab) => {
    {
      using datapath = Datapath.open({ pins, ...SMALL });
      datapath.addEndpoint(specOf(device));
    }
    lab.host.links.delete('veth0');
    using datapath = Datapath.open({ pins });
    assert.deepEqual(datapath.endpoints(), []);
    assert.deepEqual([...datapath.maps.endpoints], []);
    assert.equal(
      Datapath.list(pins).some(({ kind }) => kind === 'link'),
      false,
    );
  });
});

test('an endpoint that was never completed is told of, and completed by adding it again', {
  skip: needsRoot,
}, async () => {
  await withPins((pins, device) => {
    {
      using datapath = Datapath.open({ pins, ...SMALL });
      datapath.addEndpoint(specOf(device));
    }
    unlinkSync(join(pins, 'endpoints', String(device), 'to'));
    using datapath = Datapath.open({ pins });
    assert.deepEqual(datapath.endpoints(), [{ device }]);
    datapath.addEndpoint(specOf(device));
    assert.deepEqual(datapath.endpoints(), [{ device, spec: specOf(device) }]);
    assert.equal(attached(pins, device).length, 2);
  });
});
