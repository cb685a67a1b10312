/** Policies and endpoints from files: all files are read, and all that is wrong in any of them is told at once. */
import {
  type CidrGroup,
  type EndpointDescription,
  type ParsedPolicies,
  PolicyFileError,
  type Problem,
  parseEndpoints,
  parsePolicies,
  type Rule,
} from '@waggle/policy';
import { policyFilesOf, readText } from './policy-paths.ts';

/** One file, and what is in it or what is wrong with it. */
export interface PolicyFile {
  readonly file: string;
  readonly parsed?: ParsedPolicies;
  readonly problems: readonly Problem[];
}

/**
 * Reads files, and of directories all files whose names end in .yaml, .yml or .json.
 *
 * @param endpoints - The file of endpoints, which may lie in the same directory.
 * @throws {@link WaggleError} NOT_FOUND for a path that is not there, or a directory without such a file.
 */
export const readPolicyFiles = (paths: readonly string[], endpoints?: string): PolicyFile[] =>
  [...new Set(paths.flatMap((path) => policyFilesOf(path, endpoints)))].map((file) => {
    try {
      return { file, parsed: parsePolicies(readText(file), { file }), problems: [] };
    } catch (error) {
      if (error instanceof PolicyFileError) return { file, problems: error.problems };
      throw error;
    }
  });

/**
 * The policies of some files.
 *
 * @throws {@link PolicyFileError} with all problems of all files.
 */
export function readPolicies(
  paths: readonly string[],
  endpoints?: string,
): { rules: Rule[]; cidrGroups: CidrGroup[] } {
  const files = readPolicyFiles(paths, endpoints);
  const problems = files.flatMap((each) => each.problems);
  if (problems.length > 0) throw new PolicyFileError(problems);
  return {
    rules: files.flatMap(({ parsed }) => parsed?.rules ?? []),
    cidrGroups: files.flatMap(({ parsed }) => parsed?.cidrGroups ?? []),
  };
}

/** The endpoints of a file. */
export const readEndpoints = (file: string): EndpointDescription[] =>
  parseEndpoints(readText(file), { file });
