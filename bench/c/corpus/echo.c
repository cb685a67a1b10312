#include "program.h"

MAP(own);

SECTION("program") int echo(struct xdp_md *ctx)
{
	struct ethernet *ethernet = AT(ctx, struct ethernet, 0);

	if (!ethernet || ethernet->protocol != IPV4)
		return XDP_PASS;
	struct ipv4 *ip = AT(ctx, struct ipv4, 14);
	if (!ip || ip->protocol != 1 || ip->version_and_length != 0x45)
		return XDP_PASS;
	struct icmp *icmp = AT(ctx, struct icmp, 34);
	if (!icmp || icmp->type != 8 || icmp->code != 0)
		return XDP_PASS;
	u32 destination = ip->destination;
	u64 *answered = map_lookup(&own, &destination);
	if (!answered)
		return XDP_PASS;
	u64 next = *answered + 1;
	map_update(&own, &destination, &next, 0);

	icmp->type = 0;
	u32 sum = BE16(icmp->checksum) + 0x0800;
	icmp->checksum = BE16(sum + (sum >> 16));
	u32 source = ip->source;
	ip->source = ip->destination;
	ip->destination = source;
	ip->time_to_live = 64;
	u8 sender[6];
	__builtin_memcpy(sender, ethernet->source, 6);
	__builtin_memcpy(ethernet->source, ethernet->destination, 6);
	__builtin_memcpy(ethernet->destination, sender, 6);
	return XDP_TX;
}
