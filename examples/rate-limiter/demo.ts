/** Bob sends alice as much as he can for two seconds; the limiter on her device lets 100 kB/s pass. */
import { once } from 'node:events';
import { Lab } from '../lab.ts';

using lab = new Lab();
await lab.start('rate-limiter', '100000', '20000');
const receiver = await lab.serve(
  lab.alice,
  `let received = 0;
   const socket = require('node:dgram').createSocket('udp4', (data) => { received += data.length; });
   socket.bind(9, () => console.log('listening'));
   process.stdin.on('end', () => { console.log(\`alice received \${received} bytes\`); socket.close(); }).resume();`,
);
const sent = await lab.run(
  lab.bob,
  `const socket = require('node:dgram').createSocket('udp4');
   const data = Buffer.alloc(1000);
   const start = Date.now();
   let sent = 0;
   const timer = setInterval(() => {
     for (let each = 0; each < 50; each++) socket.send(data, 9, '10.9.0.1', () => { sent += data.length; });
     if (Date.now() - start < 2000) return;
     clearInterval(timer);
     setTimeout(() => {
       console.log(\`bob sent \${sent} bytes in \${Date.now() - start} ms\`);
       socket.close();
     }, 50);
   }, 50);`,
);
console.log(sent);
receiver.stdout?.on('data', (data) => process.stdout.write(data));
receiver.stdin?.end();
await once(receiver, 'close');
