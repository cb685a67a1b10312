/** Programs that compile, for each of their statements means something, and that the verifier refuses. */
import {
  array,
  cgroupConnect4,
  Ipv4,
  ktimeGetNs,
  probeReadKernel,
  skbLoadBytes,
  struct,
  Tc,
  tc,
  u8,
  type u32,
  type XdpContext,
  xdp,
  zeroed,
} from '@waggle/bpf';

const Buffer = struct('buffer', { bytes: array(u8, 16) });

export const asLongAsThePacket = xdp((ctx) => {
  let sum = 0;
  for (let index = 0; index < ctx.length; index++) {
    sum += index ^ sum;
  }
  return sum;
});

function waitFor(ctx: XdpContext): u32 {
  let turns = 0;
  while (turns < ctx.length) turns += ktimeGetNs() > 5n ? 0 : 1;
  return turns;
}
export const perhapsEndless = xdp((ctx) => waitFor(ctx));

export const otherLicence = xdp(
  () => {
    const buffer = zeroed(Buffer);
    probeReadKernel(buffer, 0n);
    return buffer.bytes[0] ?? 0;
  },
  { license: 'Apache-2.0' },
);

export const intoThePacket = tc((ctx) => {
  const ip = ctx.at(Ipv4, 14);
  if (ip) skbLoadBytes(ctx, 0, ip);
  return Tc.Ok;
});

export const neitherYesNorNo = cgroupConnect4((ctx) => ctx.userFamily + 5);

export const wrongHook = xdp((ctx) => ctx.egressInterface);
