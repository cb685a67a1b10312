/**
 * Where the story plays: on a lab host with real processes and real packets, or in a simulation. What happens there is told in
 * words by whoever knows it; whether it is what was expected, the story judges.
 */
import type { Trace } from '@waggle/policy';
import type { Role, Ship, StoryPolicy } from './cast.ts';

/** Somebody, as the world knows him. */
export interface Member {
  readonly role: Role;
  readonly labels: readonly string[];
  readonly identity: number;
  readonly address: string;
  /** How it came to be. */
  readonly account: string;
}

/** Something that was tried, and what came of it in words. */
export interface Outcome {
  readonly done: boolean;
  readonly account: string;
}

/** A connection on which a ship talks to the Death Star. */
export interface Talk {
  /** Remembers this moment: accounts of silence count from here. */
  mark(): void;
  /** Whether answers come now. */
  hears(): Promise<Outcome>;
  /** It is over: nobody speaks any more. */
  end(): void;
}

/** Everybody, when all are there. */
export interface Gathering {
  /** How that went. */
  readonly account: string;
  readonly members: readonly Member[];
}

export interface World {
  /** What stands in every heading; a real world needs none. */
  readonly label?: string;
  /** What this world is, to be said first. */
  readonly opening: string;
  /** What computes policies here, and is lost and found in the story. */
  readonly engine: string;
  /** Makes everybody. */
  gather(): Promise<Gathering>;
  /** A ship asks for landing, over a connection of its own. */
  land(ship: Ship): Promise<Outcome>;
  /** A ship begins to talk. */
  talk(ship: Ship): Promise<Talk>;
  /** Puts a policy in force. @returns how that went. */
  apply(policy: StoryPolicy): Promise<string>;
  /** Takes a policy back. */
  withdraw(policy: StoryPolicy): Promise<string>;
  /** What the policies say to a ship that asks for landing. */
  trace(ship: Ship): Promise<Trace>;
  /** Follows what the programs in the packets' way tell of drops. @returns what asks for that, once. */
  followDrops(): Promise<() => Promise<Outcome>>;
  /** Ends the engine without a warning. */
  loseEngine(): Promise<string>;
  /** Starts another one, which has to find everything as it was. */
  findEngine(): Promise<Outcome>;
  /** Ends everything. @returns what is left of it, kind by kind; nothing where there was nothing to leave. */
  close(): Promise<readonly Remains[]>;
}

/** Something that has to be gone in the end. */
export interface Remains {
  readonly what: string;
  readonly left: readonly string[];
}
