/** What `waggle map` and `waggle bpf` print. */
import type { BPFMap } from '@waggle/agent/client';
import type { Style } from './output.ts';
import { fitTable } from './table.ts';

/** From this share on a map is under pressure. */
const NEARLY_FULL = 0.9;

/** Maps, and how full they are. */
export function mapListText(maps: readonly BPFMap[], style: Style): string {
  if (maps.length === 0) return 'no maps\n';
  return fitTable(
    ['MAP', 'TYPE', 'ENTRIES', 'OF', 'USED', 'PATH'],
    maps.map((map) => [map.name, map.type, map.entries, map['max-entries'], usedText(map), map.path]),
    style.width,
  );
}

/** Arrays are as full as they are long, and a ring buffer's size is one of bytes. */
const isFilled = (type: string): boolean => !/array|ring/i.test(type);

function usedText({ type, entries, 'max-entries': most }: BPFMap): string {
  if (!isFilled(type)) return '-';
  const share = most === 0 ? 0 : entries / most;
  const percent = `${Math.floor(share * 100)} %`;
  return share >= NEARLY_FULL ? `${percent} !` : percent;
}

/** The entries of one: a column for each thing that they say (`identity=7 port=80/tcp`), or their texts as they are. */
export function entriesText({ cache = [], entries, truncated = false }: BPFMap, width: number): string {
  if (cache.length === 0) return 'no entries\n';
  const rows = cache.map(({ key, value }) => fieldsOf(`${key} ${value}`));
  const names = [...new Set(rows.flatMap((fields) => [...(fields?.keys() ?? [])]))];
  const table = rows.includes(undefined)
    ? fitTable(
        ['KEY', 'VALUE'],
        cache.map(({ key, value }) => [key, value]),
        width,
      )
    : fitTable(
        names.map((name) => name.toUpperCase()),
        rows.map((fields) => names.map((name) => fields?.get(name) ?? '-')),
        width,
      );
  return truncated ? `${table}… of ${entries}; --limit shows more\n` : table;
}

/** What a text says in the form `name=value name=value`; undefined for one in another form. */
function fieldsOf(text: string): Map<string, string> | undefined {
  const fields = new Map<string, string>();
  for (const part of text.split(/ (?=[A-Za-z][\w-]*=)/)) {
    const [, name, value] = /^([A-Za-z][\w-]*)=(.*)$/.exec(part) ?? [];
    if (name === undefined || value === undefined || fields.has(name)) return undefined;
    fields.set(name, value);
  }
  return fields;
}
