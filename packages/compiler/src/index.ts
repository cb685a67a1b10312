export { assemble, type Code, SLOT } from './backend/assemble.ts';
export { Helper } from './backend/helper.ts';
export * from './backend/instruction.ts';
export * from './btf/index.ts';
