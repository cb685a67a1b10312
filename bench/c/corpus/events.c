#include "program.h"

enum { OPENED = 1, REFUSED, RESET };
struct event {
	u8 kind, protocol;
	u16 port;
	u32 source, destination, length;
};
MAP(events);
MAP(lost);
MAP(refused);

SECTION("program") int tell(struct xdp_md *ctx)
{
	struct ethernet *ethernet = AT(ctx, struct ethernet, 0);
	struct ipv4 *ip = AT(ctx, struct ipv4, 14);

	if (!ethernet || !ip || ethernet->protocol != IPV4 || ip->protocol != 6)
		return XDP_PASS;
	struct tcp *tcp = AT(ctx, struct tcp, 14 + (ip->version_and_length & 15) * 4);
	if (!tcp)
		return XDP_PASS;
	struct event *event = ring_reserve(&events, sizeof(struct event), 0);
	if (!event) {
		u32 zero = 0;
		u64 *count = map_lookup(&lost, &zero);
		u64 next = (count ? *count : 0) + 1;
		map_update(&lost, &zero, &next, 0);
		return XDP_DROP;
	}
	event->protocol = ip->protocol;
	event->port = tcp->destination;
	event->source = ip->source;
	event->destination = ip->destination;
	event->length = length_of(ctx);
	u16 port = tcp->destination;
	if (map_lookup(&refused, &port)) {
		event->kind = REFUSED;
		ring_submit(event, 0);
		return XDP_DROP;
	}
	if (tcp->flags & RST) {
		event->kind = RESET;
		ring_submit(event, 1);
		return XDP_PASS;
	}
	if (!(tcp->flags & SYN)) {
		ring_discard(event, 0);
		return XDP_PASS;
	}
	event->kind = OPENED;
	ring_submit(event, 0);
	return XDP_PASS;
}
