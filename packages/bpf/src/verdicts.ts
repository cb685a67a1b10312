/**
 * What programs answer, by name: the return values that the kernel gives a meaning
 * (include/uapi/linux/bpf.h).
 */

/** `enum xdp_action`. */
export const Xdp = Object.freeze({ Aborted: 0, Drop: 1, Pass: 2, Tx: 3, Redirect: 4 });

/**
 * `TC_ACT_*` and `enum tcx_action_base`: of these, tcx knows Next, Ok (pass), Shot (drop) and Redirect only.
 */
export const Tc = Object.freeze({
  /** Go on with the next program; in the older tc "use the action of the filter" (TC_ACT_UNSPEC). */
  Next: -1,
  Ok: 0,
  Reclassify: 1,
  Shot: 2,
  Pipe: 3,
  Stolen: 4,
  Queued: 5,
  Repeat: 6,
  Redirect: 7,
  Trap: 8,
});

/** `enum sk_action`: answers of sk_lookup, sk_skb, sk_msg and sk_reuseport programs. */
export const Sk = Object.freeze({ Drop: 0, Pass: 1 });

/** Answers of cgroup programs; a denied system call fails with EPERM. */
export const Cgroup = Object.freeze({ Deny: 0, Allow: 1 });

/** `enum bpf_ret_code`: answers of programs on lightweight tunnels. */
export const Lwt = Object.freeze({ Ok: 0, Drop: 2, Redirect: 7, Reroute: 128 });

/** `enum bpf_ret_code`: answers of flow dissectors; Continue leaves the packet to the kernel's own. */
export const FlowDissector = Object.freeze({ Ok: 0, Drop: 2, Continue: 129 });

/** `NF_*`: answers of netfilter programs. */
export const Netfilter = Object.freeze({ Drop: 0, Accept: 1 });
