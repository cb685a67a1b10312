/** Who plays in the story, and the policies that are played with. */

/** The ships that ask for landing. */
export const SHIPS = ['tiefighter', 'xwing'] as const;
export type Ship = (typeof SHIPS)[number];
export type Role = 'deathstar' | Ship;

/** Everybody with their labels, in the order in which they come. */
export const CAST: Readonly<Record<Role, readonly string[]>> = {
  deathstar: ['org=empire', 'class=deathstar'],
  tiefighter: ['org=empire', 'class=tiefighter'],
  xwing: ['org=alliance', 'class=xwing'],
};

/** Where the Death Star takes requests, and what it answers. */
export const PORT = 8080;
export const LANDING = '/v1/request-landing';
export const LANDED = 'Ship landed';

/** A policy of the story. */
export interface StoryPolicy {
  readonly file: string;
  readonly name: string;
  readonly text: string;
}

/** examples/policies/star-wars.yaml; a test holds the two against each other. */
export const LANDING_POLICY: StoryPolicy = {
  file: 'star-wars.yaml',
  name: 'landing-for-the-empire',
  text: `# The Death Star takes landing requests from ships of the empire, on one port; from nobody else, on no other.
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  name: landing-for-the-empire
spec:
  description: Ships of the empire may ask the Death Star for landing.
  endpointSelector:
    matchLabels:
      org: empire
      class: deathstar
  ingress:
    - fromEndpoints:
        - matchLabels:
            org: empire
            class: tiefighter
      toPorts:
        - ports:
            - port: "${PORT}"
              protocol: TCP
`,
};

export const CLOSED_POLICY: StoryPolicy = {
  file: 'closed.yaml',
  name: 'hangar-closed',
  text: `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  name: hangar-closed
spec:
  description: The hangar is closed.
  endpointSelector:
    matchLabels:
      class: deathstar
  ingressDeny:
    - fromEntities: [all]
`,
};
