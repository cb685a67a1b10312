/** The attach types that links name themselves (enum bpf_attach_type); the others come with the program type. */
export const AttachType = {
  flowDissector: 17,
  rawTracepoint: 23,
  iterator: 28,
  skLookup: 36,
  xdp: 37,
  perfEvent: 41,
  netfilter: 45,
  tcxIngress: 46,
  tcxEgress: 47,
  uprobeMulti: 48,
} as const;
