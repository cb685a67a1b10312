/** Two hosts that talk to each other, and what the counter says of it. */
import { setTimeout } from 'node:timers/promises';
import { Lab } from '../lab.ts';

using lab = new Lab();
await lab.start('packet-counter');
await lab.serve(
  lab.alice,
  `require('node:net').createServer((socket) => socket.resume()).listen(8080, () => console.log('listening'));`,
);
console.log('bob sends alice five datagrams and some text over TCP; she sends him three that he refuses');
const datagrams = (count: number, to: string) => `
  const socket = require('node:dgram').createSocket('udp4');
  for (let sent = 0; sent < ${count}; sent++) socket.send('hello', 9, '${to}');
  setTimeout(() => socket.close(), 100);`;
await lab.run(lab.bob, datagrams(5, '10.9.0.1'));
await lab.run(lab.bob, `require('node:net').connect(8080, '10.9.0.1').end('hello');`);
await lab.run(lab.alice, datagrams(3, '10.9.0.2'));
await setTimeout(1500);
