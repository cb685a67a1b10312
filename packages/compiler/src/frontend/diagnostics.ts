/**
 * Everything that the compiler may have to say about a program, by number. A number is never given to another sentence, so
 * that one can search for it. `{what}` is filled in; the hint says what to write instead. docs/language.md has an example of
 * each.
 */

interface DiagnosticText {
  readonly message: string;
  readonly hint?: string;
}

export const diagnostics = {
  // 100: syntax that has no meaning in a program of the kernel
  W100: { message: 'Syntax error: {what}' },
  W101: {
    message: '{what} cannot be compiled',
    hint: 'A program has variables, structs, maps, functions, if, switch and bounded loops',
  },
  W102: { message: '{what} is not part of the language', hint: 'Use === or !==' },
  W103: { message: 'var is not part of the language', hint: 'Use const or let' },
  W104: { message: 'A program cannot throw or catch', hint: 'Return a verdict' },
  W105: { message: 'A program cannot wait: {what}' },
  W106: { message: 'A program has no objects to make: {what}', hint: 'Write a struct literal' },
  W107: {
    message: 'A function inside of a function cannot be compiled',
    hint: 'Move it to the top level of the module and pass it what it needs',
  },
  W108: { message: 'A program has no text: {what}', hint: 'Compare bytes, or keep texts in user space' },
  W109: { message: '{what} is no integer', hint: 'A program has integers only' },
  W110: {
    message: 'The compiler does not believe "as"',
    hint: 'Use a cast such as u16(x), an annotation, or satisfies',
  },
  W111: {
    message: 'A case that goes on into the next one cannot be compiled',
    hint: 'End it with break or return; cases without statements may share those of the next',
  },
  W112: { message: 'A loop without condition needs a break or a return in it' },
  W113: { message: 'There is no {what} to go to here' },
  W114: {
    message: 'for … of goes over arrays, tables of constants and range(), not over {got}',
    hint: 'Use a loop with an index, or forEach() of a map',
  },
  W115: {
    message: 'This loop would be written out {turns} times; {most} is the most',
    hint: 'Use a loop with an index, or loop()',
  },
  W116: {
    message: 'The callback of {call} runs later, when {name} is gone',
    hint: 'Keep what it needs in the value of the map',
  },

  // 200: types
  W201: { message: 'Expected {expected}, got {got}', hint: 'Cast it: {cast}(…)' },
  W202: {
    message: '{left} and {right} do not mix in {operator}',
    hint: 'Cast one side, for example with {cast}(…)',
  },
  W203: {
    message: 'A value up to {maximum} does not fit {type}',
    hint: 'Say what is meant: cast it with {type}(…), or mask it with & {mask}',
  },
  W204: { message: '{value} does not fit {type} ({minimum} … {maximum})' },
  W205: {
    message: '>> on {type} would be signed in JavaScript',
    hint: 'Use >>>, or cast to i32 if the sign matters',
  },
  W206: { message: '>>> on {type} would lose its sign', hint: 'Use >>, or cast to u32' },
  W207: {
    message: '{operator} does not work on {type}',
    hint: 'Its bytes are in network order: use ntoh first, and hton to go back',
  },
  W208: { message: '{operator} does not work on {got}' },
  W209: { message: 'This is {got}, which is neither true nor false', hint: 'Compare it with something' },
  W210: { message: 'Minus {type} has no unsigned value', hint: 'Cast it to {cast} first' },
  W211: { message: 'A shift by {count} leaves nothing of the {bits} bits of {type}' },
  W212: { message: 'Division by zero' },
  W213: { message: 'The type {what} means nothing to a program', hint: '{hint}' },
  W214: {
    message: 'The compiler cannot tell the type of this',
    hint: 'Annotate it, for example with Infer<typeof MyStruct>',
  },
  W215: { message: 'any is not part of the language', hint: 'Name the type, such as u32' },
  W216: { message: '{type} has no field "{field}"', hint: '{hint}' },
  W217: { message: '{type} also needs the field "{field}"', hint: 'All fields are given, as in user space' },
  W218: { message: '{type} cannot be used like this: {what}' },
  W219: {
    message: 'The sides of && and || are booleans when the outcome is kept, but this is {got}',
    hint: 'Compare it with something',
  },

  // 300: pointers and memory
  W301: { message: 'This may be null: {what}', hint: 'Test it first: if (!{name}) return …' },
  W302: {
    message: 'The index may be up to {maximum}, but there are {length} elements',
    hint: 'Mask it, test it, or say what counts outside: … ?? 0',
  },
  W303: { message: 'Index {index} is outside of the {length} elements' },
  W304: {
    message: 'The packet may have moved (line {moved}) since this was looked at (line {line})',
    hint: 'Ask for it again with ctx.at()',
  },
  W305: {
    message: 'What {what} returned has to be given back on every path',
    hint: 'Call {release} before this function returns',
  },
  W306: { message: 'This was given back before' },
  W307: {
    message: 'What has to be given back needs a name of its own',
    hint: 'Bind it with const and test it for null',
  },
  W308: {
    message: 'This pointer leads to {left} here and to {right} there',
    hint: 'Use two variables: the verifier wants to know what memory it is',
  },
  W309: {
    message: 'An offset of up to {maximum} is too far into the packet',
    hint: 'Mask it with & 0xffff, or test it first',
  },
  W310: { message: '{what} can only be read' },
  W311: { message: 'A pointer into {what} cannot be passed here', hint: 'Copy what is needed into a struct' },
  W312: { message: '! does not make it less null', hint: 'Test it: if (!{name}) return …' },
  W313: {
    message: 'The verifier does not follow a variable index into the packet',
    hint: 'Ask for the element by itself: ctx.at(u8, offset + index)',
  },

  // 400: names and functions
  W401: { message: 'There is no "{name}" here', hint: '{hint}' },
  W402: {
    message: '"{name}" is {what} of user space, which a program cannot use',
    hint: 'Programs use integers, structs, maps, config and functions written in TypeScript',
  },
  W403: {
    message: '"{name}" is declared with let: its value when the program runs is not known',
    hint: 'Make it const, or use config() or a map',
  },
  W404: { message: '{name} calls itself', hint: 'Programs cannot recurse; use a loop' },
  W405: { message: '{name} takes {expected} arguments, got {got}' },
  W406: { message: 'Annotate {what}: programs need the types of parameters and results' },
  W407: { message: '"{name}" is const', hint: 'Declare it with let' },
  W408: { message: 'This is {got}, not a function that programs can call' },
  W409: { message: 'Not every path of {name} returns a value' },
  W410: {
    message: 'The body of {name} has to stand in its declaration',
    hint: 'Write {name} = xdp((ctx) => { … })',
  },
  W411: { message: '{type} has no method {method}()', hint: '{hint}' },
  W412: {
    message: '{method} is a method of {type}, and can only be called',
    hint: 'Call it: {object}.{method}(…)',
  },

  // 500: what the kernel offers
  W501: { message: 'A map of type {type} has no {method}()', hint: '{hint}' },
  W502: { message: '{what} is not for programs of type {program}', hint: '{hint}' },
  W503: { message: 'Atomic operations work on u32, i32, u64 and i64, not on {type}' },
  W504: { message: '{what} has to be known when the program is compiled' },
  W505: { message: '{map} has no record type', hint: 'Declare it: ringBuffer({ bytes, record: MyStruct })' },
  W506: {
    message: 'Nothing can be called while a spin lock is held',
    hint: 'Call it before or after locked()',
  },
  W507: {
    message: 'Expected the value of a map with a {what} field, got {got}',
    hint: 'Declare the field in the struct: { field: {what}, … }',
  },
  W508: {
    message: '{type} has a {what}, which cannot be copied or passed to a helper',
    hint: 'Copy the fields that are needed into a struct of their own',
  },
  W509: {
    message: 'The kernel wants a program that {what} to be under the GPL',
    hint: "Pass { license: 'GPL' } after its body, or another license compatible with it",
  },
} as const satisfies Record<string, DiagnosticText>;

/** The number of a diagnostic. */
export type DiagnosticCode = keyof typeof diagnostics;
