/** The story: who may land on the Death Star? Each step says what is expected of it, lets it happen, and holds one against the other. */
import { formatReference, type Trace } from '@waggle/policy';
import { CLOSED_POLICY, LANDING_POLICY, SHIPS, type Ship } from './cast.ts';
import type { Narrator } from './narrator.ts';
import type { Remains, Talk, World } from './world.ts';

/** Tells the story up to its end, or up to the first step that went otherwise than expected; the world is still there then. */
export async function tellStory(world: World, narrator: Narrator): Promise<void> {
  for (const step of [gathering, withoutPolicy, prediction, enforcement, withoutEngine, change]) {
    await step(world, narrator);
    if (narrator.tally.unmet > 0) return;
  }
}

/** Tells what is left when the world has been cleaned up. */
export async function tellRemains(remains: readonly Remains[], narrator: Narrator): Promise<void> {
  if (remains.length === 0) return;
  await narrator.step('Clean-up: nothing is left behind');
  for (const { what, left } of remains) {
    narrator.expect(`no ${what}`, left.length === 0, left.length === 0 ? 'none' : left.join(', '));
  }
}

async function gathering(world: World, narrator: Narrator): Promise<void> {
  await narrator.step('Three endpoints, known by their labels');
  const { account, members } = await world.gather();
  narrator.say(account);
  const widest = Math.max(...members.map(({ labels }) => labels.join(' ').length));
  narrator.list(
    members.map(({ role, labels, identity, address, account: how }) =>
      [role.padEnd(10), labels.join(' ').padEnd(widest), `identity ${identity}`, address, how].join('  '),
    ),
  );
}

async function withoutPolicy(world: World, narrator: Narrator): Promise<void> {
  await narrator.step('No policy: everybody may land');
  for (const ship of SHIPS) await expectLanding(world, narrator, ship, true);
}

async function prediction(world: World, narrator: Narrator): Promise<void> {
  await narrator.step('A policy: only ships of the empire may land');
  narrator.quote(LANDING_POLICY.text.trimEnd().split('\n').slice(1));
  narrator.say(await world.apply(LANDING_POLICY));
  narrator.say('What the policy trace says, before a packet is sent:');
  for (const ship of SHIPS) {
    const trace = await world.trace(ship);
    const [expected, verdict] = ship === 'tiefighter' ? ['lands', 'allowed'] : ['is dropped', 'denied'];
    narrator.expect(`${ship} ${expected}`, trace.verdict === verdict, traceAccount(trace));
  }
}

async function enforcement(world: World, narrator: Narrator): Promise<void> {
  await narrator.step('What the packets say');
  const drops = await world.followDrops();
  await expectLanding(world, narrator, 'tiefighter', true);
  await expectLanding(world, narrator, 'xwing', false);
  const { done, account } = await drops();
  narrator.expect('the drop is told', done, account);
}

async function withoutEngine(world: World, narrator: Narrator): Promise<void> {
  await narrator.step(`The ${world.engine} is lost: the policy holds without it`);
  const talk = await world.talk('tiefighter');
  await expectTalk(talk, narrator, 'tiefighter talks', true);
  narrator.say(await world.loseEngine());
  await expectTalk(talk, narrator, 'its connection goes on', true);
  await expectLanding(world, narrator, 'tiefighter', true);
  await expectLanding(world, narrator, 'xwing', false);
  const { done, account } = await world.findEngine();
  narrator.expect('it takes everything over', done, account);
  await expectTalk(talk, narrator, 'and the connection goes on', true);
  talk.end();
}

async function change(world: World, narrator: Narrator): Promise<void> {
  await narrator.step('A change counts at once, also for connections that are open');
  const talk = await world.talk('tiefighter');
  await expectTalk(talk, narrator, 'tiefighter talks', true);
  narrator.quote(CLOSED_POLICY.text.trimEnd().split('\n').slice(4));
  talk.mark();
  narrator.say(await world.apply(CLOSED_POLICY));
  await expectTalk(talk, narrator, 'the connection is cut', false);
  talk.end();
  const trace = await world.trace('tiefighter');
  narrator.expect('trace names the rule', trace.verdict === 'denied', traceAccount(trace));
  narrator.say(await world.withdraw(CLOSED_POLICY));
  await expectLanding(world, narrator, 'tiefighter', true);
}

async function expectLanding(world: World, narrator: Narrator, ship: Ship, expected: boolean): Promise<void> {
  const { done, account } = await world.land(ship);
  narrator.expect(`${ship} ${expected ? 'lands' : 'is dropped'}`, done === expected, account);
}

async function expectTalk(talk: Talk, narrator: Narrator, text: string, expected: boolean): Promise<void> {
  const { done, account } = await talk.hears();
  narrator.expect(text, done === expected, account);
}

/** Which rule decides, or what comes nearest; of the end that decides. */
function traceAccount({ verdict, directions }: Trace): string {
  const [deciding] = directions.filter((direction) => direction.verdict === verdict).reverse();
  if (!deciding) return verdict;
  const { rules, nearest } = deciding;
  const [rule] = rules;
  if (rule) return `${verdict} by ${formatReference(rule)}`;
  const [miss] = nearest;
  if (verdict !== 'denied' || !miss) return `${verdict}: no rule restricts it`;
  return `denied: no rule allows it. What comes nearest: ${formatReference(miss.rule)} ${miss.text}. To allow it, ${miss.advice}.`;
}
