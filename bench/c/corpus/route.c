#include "program.h"

struct prefix {
	u32 length, address;
};
struct next_hop {
	u32 interface_index;
	u8 mac[6], own[6];
	u64 packets;
};
MAP(routes);
MAP(nextHops);

SECTION("program") int route(struct xdp_md *ctx)
{
	struct ethernet *ethernet = AT(ctx, struct ethernet, 0);
	struct ipv4 *ip = AT(ctx, struct ipv4, sizeof(struct ethernet));

	if (!ethernet || !ip || ethernet->protocol != IPV4 || ip->time_to_live <= 1)
		return XDP_PASS;
	struct prefix prefix = {32, ip->destination};
	u32 *hop = map_lookup(&routes, &prefix);
	if (!hop)
		return XDP_PASS;
	u32 index = *hop;
	struct next_hop *next = map_lookup(&nextHops, &index);
	if (!next || next->interface_index == 0)
		return XDP_DROP;

	ip->time_to_live -= 1;
	u32 sum = BE16(ip->checksum) + 0x0100;
	ip->checksum = BE16(sum + (sum >> 16));
	__builtin_memcpy(ethernet->destination, next->mac, 6);
	__builtin_memcpy(ethernet->source, next->own, 6);
	next->packets += 1;
	return redirect(next->interface_index, 0);
}
