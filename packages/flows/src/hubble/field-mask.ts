/**
 * Which fields of a flow somebody wants: paths of names, as `source.identity`. A field that is named comes as a whole, of others only
 * what is named below them; a list is taken or left as a whole.
 */
import type { DescMessage } from '@bufbuild/protobuf';
import { type ReflectMessage, reflect } from '@bufbuild/protobuf/reflect';
import { nearest, WaggleError } from '@waggle/bpf/messages';
import { type Flow, FlowSchema } from './generated/flow/flow_pb.ts';

/** What is wanted of a message, by names of fields; `all` of what is named itself. */
type Tree = Map<string, Tree | 'all'>;

/** Leaves of a flow only what was asked for. */
export type FieldMask = (flow: Flow) => Flow;

/**
 * The mask of paths; none: everything.
 * @throws WaggleError UNKNOWN_FIELD
 */
export function fieldMask(paths: readonly string[]): FieldMask {
  if (paths.length === 0) return (flow) => flow;
  const tree: Tree = new Map();
  for (const path of paths) addPath(tree, path);
  return (flow) => {
    keep(reflect(FlowSchema, flow), tree);
    return flow;
  };
}

function addPath(tree: Tree, path: string): void {
  let [below, message]: [Tree, DescMessage | undefined] = [tree, FlowSchema];
  const names = path.split('.');
  for (const [index, name] of names.entries()) {
    const field: DescMessage['fields'][number] | undefined = message?.fields.find(
      (each) => each.name === name,
    );
    if (!field) throw unknownField(path, name, message);
    message = field.fieldKind === 'message' ? field.message : undefined;
    const found: Tree | 'all' | undefined = below.get(name);
    if (found === 'all') return;
    if (index === names.length - 1) {
      below.set(name, 'all');
      return;
    }
    const next: Tree = found ?? new Map();
    below.set(name, next);
    below = next;
  }
}

function unknownField(path: string, name: string, message: DescMessage | undefined): WaggleError {
  const names = message?.fields.map((field) => field.name) ?? [];
  const meant = nearest(name, names);
  return new WaggleError('UNKNOWN_FIELD', `A flow has no field ${JSON.stringify(path)}`, {
    hint:
      names.length === 0
        ? 'There are no fields below that one'
        : meant === undefined
          ? `Fields there are ${names.join(', ')}`
          : `Did you mean ${meant}?`,
  });
}

function keep(message: ReflectMessage, tree: Tree): void {
  for (const field of message.fields) {
    if (!message.isSet(field)) continue;
    const wanted = tree.get(field.name);
    if (wanted === undefined) message.clear(field);
    else if (wanted !== 'all' && field.fieldKind === 'message') keep(message.get(field), wanted);
  }
}
