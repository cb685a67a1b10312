/** Rules for the kernel's own firewalls that are asked one after the other: none of them is about what is measured. */

/** The address of a rule's peer, who sends nothing. */
const peerOf = (rule: number): string => `10.250.${rule >> 8}.${rule & 255}`;

const numbers = (rules: number): number[] => Array.from({ length: rules }, (_, rule) => rule);

/** For `nft -f -`. */
export const nftablesRules = (rules: number): string => `table ip filter {
  chain forward {
    type filter hook forward priority 0; policy accept;
${numbers(rules)
  .map((rule) => `    ip saddr ${peerOf(rule)} tcp dport 80 drop`)
  .join('\n')}
  }
}
`;

/** For `iptables-restore`. */
export const iptablesRules = (rules: number): string => `*filter
:FORWARD ACCEPT [0:0]
${numbers(rules)
  .map((rule) => `-A FORWARD -s ${peerOf(rule)}/32 -p tcp --dport 80 -j DROP`)
  .join('\n')}
COMMIT
`;
