/**
 * `waggle policy apply --dry-run`: what the policies would do to the endpoints of the running agent, computed here: its policies in
 * two books, one of which is changed just as the agent would change its own, and what differs then.
 */
import { diff as diffPolicies, PolicyRepository } from '@waggle/policy';
import { readAgentPolicies, withKnownPlaces } from './agent-policies.ts';
import { agentOf, ask } from './ask.ts';
import type { Context } from './context.ts';
import { styleFor } from './output.ts';
import { diffText } from './policy-diff-text.ts';
import { castOf, modesOf } from './policy-scene.ts';
import type { ApplyOptions } from './policy-store-actions.ts';
import { countsText } from './policy-store-text.ts';
import type { PolicyText } from './policy-texts.ts';
import { print } from './print.ts';

/** Says what would change. */
export async function previewPolicies(
  texts: readonly PolicyText[],
  { namespace, replace = false, ...options }: ApplyOptions,
  context: Context,
): Promise<void> {
  const agent = await ask(context, readAgentPolicies(agentOf(options)));
  const modes = modesOf({}, agent);
  const [before, after] = [new PolicyRepository(modes), new PolicyRepository(modes)];
  agent.fill(before);
  const book = agent.fill(after);
  const counts = { added: 0, replaced: 0, unchanged: 0, deleted: 0 };
  for (const { file, text } of texts) {
    const applied = book.apply(text, { file, namespace, replace });
    counts.added += applied.added;
    counts.replaced += applied.replaced;
    counts.unchanged += applied.unchanged;
    counts.deleted += applied.deleted;
  }
  const cast = castOf({}, agent, [before, after]);
  const found = withKnownPlaces(diffPolicies(before, after));
  const identities = cast.table(found.pairs.flatMap(({ from, to }) => [from, to]));
  print(options, context, { ...counts, ...found, identities }, () => {
    const style = styleFor(context.stdout);
    return `would be: ${countsText(counts)}\n\n${diffText(found, cast, style)}`;
  });
}
