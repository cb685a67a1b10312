/** A firewall on alice's device, whose rules change while bob tries to connect. */
import { setTimeout } from 'node:timers/promises';
import { Lab } from '../lab.ts';

using lab = new Lab();
const firewall = await lab.start('tiny-firewall', '80');
await lab.serve(
  lab.alice,
  `const serve = (port, then) =>
     require('node:net').createServer((socket) => socket.end()).listen(port, then);
   serve(80, () => serve(22, () => console.log('listening')));`,
);

async function tryFromBob(port: number): Promise<void> {
  const outcome = await lab.run(
    lab.bob,
    `const socket = require('node:net').connect(${port}, '10.9.0.1');
     const done = (outcome) => { console.log(outcome); socket.destroy(); };
     socket.on('connect', () => done('connected')).setTimeout(500, () => done('no answer'));`,
  );
  console.log(`bob, to port ${port}: ${outcome}`);
}

async function say(rule: string): Promise<void> {
  console.log(`alice> ${rule}`);
  firewall.stdin?.write(`${rule}\n`);
  await setTimeout(200);
}

await tryFromBob(80);
await tryFromBob(22);
await say('open 22');
await tryFromBob(22);
await say('block 10.9.0.0/24');
await tryFromBob(80);
await say('show');
await say('unblock 10.9.0.0/24');
await tryFromBob(80);
