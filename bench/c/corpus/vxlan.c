#include "program.h"

struct vxlan {
	u8 flags, reserved[3];
	u32 network;
};
struct pair {
	u32 network, source, destination;
};
MAP(pairs);
MAP(networks);

SECTION("program") int inspect(struct xdp_md *ctx)
{
	struct ethernet *ethernet = AT(ctx, struct ethernet, 0);
	struct ipv4 *ip = AT(ctx, struct ipv4, 14);

	if (!ethernet || !ip || ethernet->protocol != IPV4 || ip->protocol != 17)
		return XDP_PASS;
	u32 start = 14 + (ip->version_and_length & 15) * 4;
	struct udp *udp = AT(ctx, struct udp, start);
	if (!udp || udp->destination != BE16(4789))
		return XDP_PASS;
	struct vxlan *vxlan = AT(ctx, struct vxlan, start + sizeof(struct udp));
	if (!vxlan || !(vxlan->flags & 8))
		return XDP_DROP;
	u32 network = BE32(vxlan->network) >> 8;
	u64 *total = map_lookup(&networks, &network);
	u64 sum = (total ? *total : 0) + length_of(ctx);
	map_update(&networks, &network, &sum, 0);
	u32 beyond = start + sizeof(struct udp) + sizeof(struct vxlan);
	struct ethernet *inner = AT(ctx, struct ethernet, beyond);
	struct ipv4 *inner_ip = AT(ctx, struct ipv4, beyond + 14);
	if (!inner || !inner_ip || inner->protocol != IPV4)
		return XDP_PASS;
	struct pair pair = {network, inner_ip->source, inner_ip->destination};
	u64 *seen = map_lookup(&pairs, &pair);
	u64 next = (seen ? *seen : 0) + 1;
	map_update(&pairs, &pair, &next, 0);
	return inner_ip->time_to_live == 0 ? XDP_DROP : XDP_PASS;
}
