/** Helpers on messages that a socket sends (sk_msg). */
import type { SkMsgContext } from '../../program-contexts.ts';
import { i32, type u32, type u64 } from '../../scalar.ts';
import { context, helper, moves, U32, U64 } from '../helper.ts';

/** The verdict is for so many bytes, of this message and of those that follow. Linux 4.17. */
export const msgApplyBytes = helper<(context: SkMsgContext, bytes: u32) => i32>(
  'msgApplyBytes',
  61,
  [context, U32],
  i32,
);
/** Asks to be called again only when there are so many bytes. Linux 4.17. */
export const msgCorkBytes = helper<(context: SkMsgContext, bytes: u32) => i32>(
  'msgCorkBytes',
  62,
  [context, U32],
  i32,
);
/** Makes the bytes from `start` to `end` readable through ctx.at(). Linux 4.17. */
export const msgPullData = helper<(context: SkMsgContext, start: u32, end: u32, flags: u64) => i32>(
  'msgPullData',
  63,
  [context, U32, U32, U64],
  i32,
  moves,
);
/** Makes room in a message. Linux 5.0. */
export const msgPushData = helper<(context: SkMsgContext, start: u32, length: u32, flags: u64) => i32>(
  'msgPushData',
  90,
  [context, U32, U32, U64],
  i32,
  moves,
);
/** Takes bytes out of a message. Linux 5.0. */
export const msgPopData = helper<(context: SkMsgContext, start: u32, length: u32, flags: u64) => i32>(
  'msgPopData',
  91,
  [context, U32, U32, U64],
  i32,
  moves,
);
