#include "program.h"

struct datagram {
	u32 source, destination;
	u16 identification;
	u8 protocol, padding;
};
MAP(datagrams);
MAP(blocked);
MAP(unseen);

SECTION("program") int defragment(struct xdp_md *ctx)
{
	struct ethernet *ethernet = AT(ctx, struct ethernet, 0);
	struct ipv4 *ip = AT(ctx, struct ipv4, 14);
	u16 port;

	if (!ethernet || !ip || ethernet->protocol != IPV4)
		return XDP_PASS;
	u16 fragment = ip->fragment;
	struct datagram datagram = {ip->source, ip->destination, ip->identification, ip->protocol, 0};
	if (!(fragment & BE16(0x1fff))) {
		struct ports *ports = AT(ctx, struct ports, 14 + (ip->version_and_length & 15) * 4);
		if (!ports)
			return XDP_DROP;
		if (fragment & BE16(0x2000)) {
			struct ports copy = *ports;
			map_update(&datagrams, &datagram, &copy, 0);
		}
		port = ports->destination;
	} else {
		struct ports *ports = map_lookup(&datagrams, &datagram);
		if (!ports) {
			u32 zero = 0;
			u32 *count = map_lookup(&unseen, &zero);
			u32 next = (count ? *count : 0) + 1;
			map_update(&unseen, &zero, &next, 0);
			return XDP_DROP;
		}
		port = ports->destination;
		if (!(fragment & BE16(0x2000)))
			map_delete(&datagrams, &datagram);
	}
	return map_lookup(&blocked, &port) ? XDP_DROP : XDP_PASS;
}
