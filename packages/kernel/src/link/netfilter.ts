/** Programs at the hooks of netfilter, beside iptables and nftables, in order of priority (6.4). */
import type { Program } from '../program/program.ts';
import { LinkCreateNetfilter } from '../sys/attributes.ts';
import { Attribute } from '../sys/bpf.ts';
import { errno } from '../sys/errno.ts';
import { AttachType } from './attach-type.ts';
import { createLink, type Link } from './link.ts';

const families = { ipv4: 2, ipv6: 10 } as const;
const hooks = { prerouting: 0, input: 1, forward: 2, output: 3, postrouting: 4 } as const;
/** BPF_F_NETFILTER_IP_DEFRAG: see whole datagrams. */
const DEFRAGMENT = 1;

/** Where in netfilter a program runs. */
export interface NetfilterHook {
  readonly family: keyof typeof families;
  readonly hook: keyof typeof hooks;
  /** Lower runs first; unique per hook; -2147483648 and 2147483647 are the kernel's own. */
  readonly priority: number;
  /** Reassemble fragments first; needs a priority above -400. */
  readonly defragment?: boolean;
}

/** Attaches a netfilter program in the current network namespace. */
export function attachNetfilter(program: Program, at: NetfilterHook): Link {
  const attribute = new Attribute(LinkCreateNetfilter, {
    prog_fd: program.fd,
    attach_type: AttachType.netfilter,
    pf: families[at.family],
    hooknum: hooks[at.hook],
    priority: at.priority,
    nf_flags: at.defragment ? DEFRAGMENT : 0,
  });
  return createLink(attribute, program, `netfilter hook ${at.family} ${at.hook}`, (number) =>
    number === errno.EBUSY || number === errno.EEXIST
      ? `Priority ${at.priority} is taken at this hook`
      : undefined,
  );
}
