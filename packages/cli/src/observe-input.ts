/**
 * Flows of a file in place of a server: lines of `-o jsonpb`, of waggle or of hubble. They come in the order of the file; filters are
 * applied here, as a server would.
 */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { fromJsonString } from '@bufbuild/protobuf';
import { WaggleError } from '@waggle/bpf/messages';
import { type GetFlowsResponse, GetFlowsResponseSchema } from '@waggle/flows/hubble/client';
import type { WantedFlows } from './observe-filter.ts';

/**
 * Reads a file. @param file - `-` for the standard input.
 * @throws WaggleError NOT_FOUND, MALFORMED for a line that is no flow
 */
export async function* flowsOfFile(file: string, filters: WantedFlows): AsyncGenerator<GetFlowsResponse> {
  const isWanted = await filterOf(filters);
  const input = file === '-' ? process.stdin : createReadStream(file);
  let number = 0;
  try {
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      number += 1;
      if (line.trim() === '') continue;
      const answer = parsed(line, `${file === '-' ? 'the input' : file}, line ${number}`);
      if (isWanted(answer)) yield answer;
    }
  } catch (cause) {
    if (cause instanceof WaggleError) throw cause;
    const code = cause instanceof Error && 'code' in cause ? cause.code : cause;
    const what = code === 'ENOENT' ? 'is not there' : `cannot be read (${code})`;
    throw new WaggleError('NOT_FOUND', `The file ${file} ${what}`, {
      hint: 'Make one with waggle observe -o jsonpb > flows.json',
      cause,
    });
  }
}

function parsed(line: string, place: string): GetFlowsResponse {
  try {
    return fromJsonString(GetFlowsResponseSchema, line, { ignoreUnknownFields: true });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new WaggleError('MALFORMED', `${place}: this is no flow (${why})`, {
      hint: 'Each line is a message, as waggle observe -o jsonpb prints it',
      cause,
    });
  }
}

/** The libraries of filters are loaded only where there are some. */
async function filterOf(filters: WantedFlows): Promise<(answer: GetFlowsResponse) => boolean> {
  if (filters.whitelist.length + filters.blacklist.length === 0) return () => true;
  const { messageFilter } = await import('@waggle/flows/hubble/filter');
  const matches = messageFilter(filters.whitelist, filters.blacklist);
  return ({ responseTypes }) => responseTypes.case !== 'flow' || matches(responseTypes.value);
}
