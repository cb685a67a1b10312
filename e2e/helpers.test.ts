/**
 * The verifier takes calls of helpers as they are described: each program calls some, of a type that may. Those that tracing
 * programs alone have are loaded where this kernel lets anybody load such programs.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as bpf from '@waggle/bpf';
import { generate, optimize } from '@waggle/compiler';
import { createMap, loadProgram } from '@waggle/kernel';
import { formatDiagnostic, lowerProgram } from '../packages/compiler/src/frontend/index.ts';
import { needsRoot } from '../packages/kernel/src/testing/lab.ts';

const scope = {
  Words: bpf.struct('words', { words: bpf.array(bpf.u32, 10) }),
  Text: bpf.struct('text', { text: bpf.chars(16) }),
  cgroups: bpf.cgroupArray({ maxEntries: 1 }),
  events: bpf.perfEventArray({ maxEntries: 4 }),
  sockets: bpf.sockMap({ maxEntries: 4 }),
  byAddress: bpf.sockHash({ key: bpf.struct('address', { address: bpf.be32 }), maxEntries: 4 }),
  stacks: bpf.stackTraceMap({ maxEntries: 16 }),
};

const PROGRAMS: Readonly<Record<string, readonly [declare: (body: () => number) => unknown, body: string]>> =
  {
    'tc packets': [
      bpf.tc,
      `const text = zeroed(Text); const state = zeroed(XfrmState); const mtu: Infer<typeof Mtu> = { bytes: 0 };
     let sum = skbLoadBytesRelative(ctx, 0, text, 1) + skbGetXfrmState(ctx, 0, state, 0n) + checkMtu(ctx, 0, mtu, 20, 0n);
     sum += skbUnderCgroup(ctx, cgroups, 0) + i32(skbAncestorCgroupId(ctx, 0)) + i32(skbCgroupClassid(ctx));
     return sum + redirectNeighbour(2, null, 0n) + redirectNeighbour(2, { family: 2, address: [0x0a000001, 0, 0, 0] }, 0n);`,
    ],
    'tc tunnels': [
      bpf.tc,
      `const key = zeroed(TunnelKey); const text = zeroed(Text);
     key.id = 7;
     return skbGetTunnelKey(ctx, key, 0n) + skbSetTunnelKey(ctx, key, 0n) + skbGetTunnelOpt(ctx, text) + skbSetTunnelOpt(ctx, text);`,
    ],
    'tc cookies': [
      bpf.tc,
      `const ip = ctx.at(Ipv4, 14); if (!ip) return 0; const tcp = ctx.at(Tcp, 34); if (!tcp) return 0;
     const socket = skLookupTcp(ctx, { sourceAddress: ip.source, destinationAddress: ip.destination, sourcePort: tcp.source, destinationPort: tcp.destination }, CURRENT_NAMESPACE, 0n);
     if (!socket) return 0;
     const valid = tcpCheckSyncookie(socket, ip, tcp) + i32(tcpGenSyncookie(socket, ip, tcp));
     skRelease(socket);
     return valid;`,
    ],
    'cgroups of sockets': [
      bpf.cgroupSkbEgress,
      `const socket = skLookupUdp(ctx, { sourceAddress: 1, destinationAddress: 2, sourcePort: 3, destinationPort: 4 }, CURRENT_NAMESPACE, 0n);
     if (!socket) return 1;
     const id = skAncestorCgroupId(socket, 1) ^ skCgroupId(socket);
     skRelease(socket);
     return id === 0n ? 1 : 0;`,
    ],
    'xdp cookies': [
      bpf.xdp,
      `const ip = ctx.at(Ipv4, 14); if (!ip) return 1; const tcp = ctx.at(Tcp, 34); if (!tcp) return 1;
     return tcpRawCheckSyncookieIpv4(ip, tcp) + i32(tcpRawGenSyncookieIpv4(ip, tcp));`,
    ],
    'xdp cookies of IPv6': [
      bpf.xdp,
      `const ip = ctx.at(Ipv6, 14); if (!ip) return 1; const tcp = ctx.at(Tcp, 54); if (!tcp) return 1;
     return tcpRawCheckSyncookieIpv6(ip, tcp) + i32(tcpRawGenSyncookieIpv6(ip, tcp));`,
    ],
    'route encapsulation': [
      bpf.lwtXmit,
      'const words = zeroed(Words); return lwtPushEncap(ctx, 2, words) === 0 ? 0 : 2;',
    ],
    'segment routing': [
      bpf.lwtSeg6Local,
      `const words = zeroed(Words);
     const sum = lwtSeg6StoreBytes(ctx, 48, words) + lwtSeg6AdjustSrh(ctx, 48, 8) + lwtSeg6Action(ctx, 2, words);
     return sum === 0 ? 0 : 2;`,
    ],
    settings: [
      bpf.cgroupSysctl,
      `const text = zeroed(Text); const signed = zeroed(SignedNumber); const unsigned = zeroed(UnsignedNumber);
     if (sysctlGetName(ctx, text, 1n) < 0 || sysctlGetCurrentValue(ctx, text) < 0 || sysctlGetNewValue(ctx, text) < 0) return 0;
     if (strtol(text, 0n, signed) < 0 || strtoul(text, 10n, unsigned) < 0) return 0;
     if (u64(signed.value) > unsigned.value && sysctlSetNewValue(ctx, text) < 0) return 0;
     return 1;`,
    ],
    addresses: [bpf.cgroupConnect4, 'const words = zeroed(Words); return bind(ctx, words) === 0 ? 1 : 0;'],
    'TCP options': [
      bpf.sockOps,
      `const text = zeroed(Text);
     return loadHdrOpt(ctx, text, 0n) + storeHdrOpt(ctx, text, 0n) + reserveHdrOpt(ctx, 4, 0n) > 0 ? 1 : 0;`,
    ],
    'copies of packets': [
      bpf.tc,
      `const ip = ctx.load(Ipv4, 14); if (!ip) return 0; const port = ctx.load(be16, 36); if (port === null) return 0;
     if (ctx.load(Words, ctx.length) !== null) return 1;
     ip.timeToLive = 1;
     return ctx.store(Ipv4, 14, ip) + ctx.store(be16, 36, port);`,
    ],
    'packets by copy on sockets': [
      bpf.socketFilter,
      'const ip = ctx.load(Ipv4, 0); return ip && ip.protocol === 6 ? 100 : 0;',
    ],
    'sockets that connect': [
      bpf.sockOps,
      `sockets.update(ctx, 1);
     return byAddress.update(ctx, { address: ctx.remoteIp4 }, Update.IfAbsent) === 0 ? 1 : 0;`,
    ],
    'streams between sockets': [
      bpf.skSkbStreamVerdict,
      `const socket = sockets.lookup(3);
     if (socket) { const mark = socket.mark; skRelease(socket); if (mark === 7) return byAddress.redirect(ctx, { address: 1 }); }
     return sockets.redirect(ctx, 1, 1n);`,
    ],
    'messages between sockets': [
      bpf.skMsg,
      'if (ctx.size > 100) return sockets.redirect(ctx, 1); return byAddress.redirect(ctx, { address: 1 });',
    ],
    messages: [
      bpf.skMsg,
      `msgApplyBytes(ctx, 100); msgCorkBytes(ctx, 100); msgPushData(ctx, 0, 4, 0n); msgPopData(ctx, 0, 4, 0n); msgPullData(ctx, 0, 64, 0n);
     return 1;`,
    ],
    tasks: [
      (body) => bpf.rawTracepoint('sched_switch', body),
      `const namespace = zeroed(PidNamespaceInfo); const text = zeroed(Text); const words = zeroed(Words);
     if (getNsCurrentPidTgid(1n, 2n, namespace) === 0 && namespace.process === 1) sendSignalThread(1);
     if (getCurrentTask() > 0n) currentTaskUnderCgroup(cgroups, 0);
     const value = zeroed(PerfValue); perfEventReadValue(events, 0xffff_ffffn, value);
     getStackid(ctx, stacks, 0n); getStack(ctx, words, 0n); probeReadUserStr(text, 4096n); probeReadKernelStr(text, getCurrentTask());`,
    ],
  };

for (const [name, [declare, body]] of Object.entries(PROGRAMS)) {
  test(`helpers: ${name}`, { skip: needsRoot }, () => {
    const declared = declare(() => 0);
    assert.ok(bpf.isProgramDeclaration(declared));
    const text = `export const program = declare((ctx) => {\n${body}\n});`;
    const values = { ...bpf, ...scope, program: declared };
    const module = { path: 'helpers.bpf.ts', text, scope: () => values, resolve: () => undefined };
    const { program, diagnostics } = lowerProgram(module, 'program');
    assert.deepEqual(diagnostics.map(formatDiagnostic), []);
    assert.ok(program);
    const maps = Object.fromEntries([...program.maps].map(([key, spec]) => [key, createMap(spec)]));
    try {
      const code = generate(optimize(program.ir));
      loadProgram({ type: declared.type, name: 'program', code, license: 'GPL' }, { maps }).close();
    } finally {
      for (const map of Object.values(maps)) map.close();
    }
  });
}
