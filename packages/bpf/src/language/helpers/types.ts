/** What several kinds of helpers take. */
import type { Sock } from '../../context.ts';
import type {
  CgroupSkbContext,
  LwtContext,
  SkSkbContext,
  SocketFilterContext,
  TcContext,
} from '../../program-contexts.ts';
import type { Infer } from '../../types.ts';

/** The contexts of programs on socket buffers. */
export type SkBuffContext = TcContext | CgroupSkbContext | SkSkbContext | LwtContext | SocketFilterContext;
/** A struct in memory. */
export type Memory = object;
/** A socket, as helpers give it. */
export type Socket = Infer<typeof Sock>;
