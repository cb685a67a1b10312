/**
 * What to do about a refusal. The verifier speaks of registers and states; these sentences say what its reasons mean for
 * somebody who wrote TypeScript. A reason that is not here has no hint rather than a vague one.
 */
const hints: readonly (readonly [RegExp, string])[] = [
  [
    /^infinite loop detected/,
    'The verifier saw a turn of this loop that leaves everything as it was. Count the turns, up to a constant',
  ],
  [
    /^BPF program is too large|^The sequence of \d+ jumps is too complex/,
    'The verifier walks through every turn of every loop, for each way that leads there. Let loops end after fewer turns, by a constant bound',
  ],
  [/^back-edge from insn/, 'Loops need Linux 5.3 or newer, and CAP_BPF'],
  [
    /^cannot call GPL-restricted function/,
    "This function is only for programs with a licence that is compatible with the GPL: { license: 'GPL' }",
  ],
  [
    /^(unknown func|program of this type cannot use helper|invalid func) /,
    'Programs of this type do not have this helper, or this kernel is too old for it. waggle doctor lists those that it has',
  ],
  [
    /At (program|subprogram|callback|async callback) (exit|return) the register R0 .*should have been in/,
    'The program returns a number that programs of its type must not return. Return one of the named verdicts',
  ],
  [
    /^invalid bpf_context access/,
    'Programs of this type, attached where this one is meant to be, cannot use this field of their context',
  ],
  [
    /^helper access to the packet is not allowed/,
    'This helper does not take bytes of the packet: copy them to a struct of your own, and pass that',
  ],
  [
    /^invalid access to packet|R\d+ offset is outside of the packet/,
    'The verifier does not see that the packet is that long. Look at it with ctx.at(Type, offset), and test for null',
  ],
  [
    /^invalid access to (map value|memory|.* region)|^R\d+ (unbounded memory access|min value is (negative|outside)|max value is outside)|makes .* pointer be out of bounds/,
    'The verifier does not see that the index is inside. Mask it, or compare it with the length, right before its use',
  ],
  [/^R\d+ invalid mem access '\w*_or_null'/, 'This may be null: test it first'],
  [
    /^R\d+ !read_ok/,
    'A value is used that not every way there has set, or that a call in between has destroyed',
  ],
  [/^Unreleased reference/, 'What is reserved or looked up has to be given back on every path'],
  [
    /^combined stack size of|^the call stack of|^stack depth /,
    'All functions together have 512 bytes of stack. Keep large structs in a per-CPU array map',
  ],
];

/** What to do about a reason of the verifier, if that is known. */
export const verifierHint = (reason: string): string | undefined =>
  hints.find(([pattern]) => pattern.test(reason))?.[1];
