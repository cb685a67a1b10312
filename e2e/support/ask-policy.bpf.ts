/** Asks the policy map the question that is in the packet, and writes the answer behind it: for tests. */
import { Tc, tc, u32 } from '@waggle/bpf';
import { findPolicy, Question } from '../../packages/datapath/src/policy.bpf.ts';

/** Where the answer stands: the cookie, or {@link NO_ENTRY}. */
export const ANSWER = 32;
export const NO_ENTRY = 0xffff_ffff;

export const askPolicy = tc((ctx) => {
  const question = ctx.at(Question, 0);
  if (!question) return Tc.Shot;
  const { subject, peer, direction, protocol, port } = question;
  const found = findPolicy({ subject, peer, direction, protocol, port }, 0);
  const answer = ctx.at(u32, ANSWER);
  if (answer === null) return Tc.Shot;
  ctx.store(u32, ANSWER, found?.cookie ?? NO_ENTRY);
  return Tc.Ok;
});
