/** The clock of `clock()` in connection.bpf.ts: seconds since the machine was started. */
export const monotonicSeconds = (): number => Number(process.hrtime.bigint() / 1_000_000_000n);
