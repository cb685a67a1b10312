/*
 * The least that a datapath with connections and policy can do for a packet of an endpoint that it knows: one look-up in an LRU map,
 * a check that the decision is of the generation in force, counters, and the way to the peer's own end of its pair. Whoever does
 * more, does it in the time that comes on top.
 */
#include "corpus/program.h"

HELPER(long, redirect_peer, 155, u32 interface_index, u64 flags);

#define SHOT 2

struct flow {
	u32 source, destination;
	u16 source_port, destination_port;
	u8 protocol, padding[3];
};

struct decision {
	u32 generation, interface;
	u8 rest[56];
};

struct count {
	u64 packets, bytes;
};

MAP(decisions);
MAP(generation);
MAP(counts);

SECTION("program") int forward(struct __sk_buff *context)
{
	struct ethernet *ethernet = AT(context, struct ethernet, 0);
	struct ipv4 *ip = AT(context, struct ipv4, 14);
	struct ports *ports = AT(context, struct ports, 34);
	u32 zero = 0;

	if (!ethernet || !ip || !ports || ethernet->protocol != IPV4 || ip->version_and_length != 0x45)
		return SHOT;
	struct flow flow = {
		.source = ip->source,
		.destination = ip->destination,
		.source_port = ports->source,
		.destination_port = ports->destination,
		.protocol = ip->protocol,
	};
	struct decision *decision = map_lookup(&decisions, &flow);
	u32 *in_force = map_lookup(&generation, &zero);
	struct count *count = map_lookup(&counts, &zero);
	if (!decision || !in_force || !count || decision->generation != *in_force)
		return SHOT;
	count->packets++;
	count->bytes += context->len;
	return redirect_peer(decision->interface, 0);
}
