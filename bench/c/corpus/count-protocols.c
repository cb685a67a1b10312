#include "program.h"

struct traffic {
	u64 packets, bytes;
};
MAP(traffic);

INLINE void count(u32 protocol, u32 length)
{
	struct traffic *seen = map_lookup(&traffic, &protocol);

	if (!seen)
		return;
	seen->packets += 1;
	seen->bytes += length;
}

SECTION("program") int count_protocols(struct xdp_md *ctx)
{
	struct ethernet *ethernet = AT(ctx, struct ethernet, 0);
	u32 offset = sizeof(struct ethernet);
	u16 protocol;

	if (!ethernet)
		return XDP_DROP;
	protocol = ethernet->protocol;
	for (int tags = 0; tags < 2; tags++) {
		if (protocol != BE16(0x8100) && protocol != BE16(0x88a8))
			break;
		struct vlan *vlan = AT(ctx, struct vlan, offset & 63);
		if (!vlan)
			return XDP_DROP;
		protocol = vlan->protocol;
		offset += sizeof(struct vlan);
	}
	if (protocol == IPV4) {
		struct ipv4 *ip = AT(ctx, struct ipv4, offset & 63);
		if (!ip)
			return XDP_DROP;
		count(ip->protocol, length_of(ctx));
	} else if (protocol == IPV6) {
		struct ipv6 *ip = AT(ctx, struct ipv6, offset & 63);
		if (!ip)
			return XDP_DROP;
		count(ip->next_header, length_of(ctx));
	}
	return XDP_PASS;
}
