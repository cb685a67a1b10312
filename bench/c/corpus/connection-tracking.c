#include "program.h"

#define INSIDE BE32(0x0a000000)
#define MASK BE32(0xff000000)
enum { NEW, ESTABLISHED, CLOSING };

struct flow {
	u32 inside, outside;
	u16 inside_port, outside_port;
};
struct connection {
	u8 state, flags;
	u32 packets[2];
};
MAP(connections);

#define TC_OK 0
#define TC_SHOT 2

SECTION("program") int track(struct __sk_buff *ctx)
{
	struct ethernet *ethernet = AT(ctx, struct ethernet, 0);

	if (!ethernet || ethernet->protocol != IPV4)
		return TC_OK;
	struct ipv4 *ip = AT(ctx, struct ipv4, 14);
	if (!ip || ip->protocol != 6)
		return TC_OK;
	struct tcp *tcp = AT(ctx, struct tcp, 14 + (ip->version_and_length & 15) * 4);
	if (!tcp)
		return TC_SHOT;
	int outgoing = (ip->source & MASK) == INSIDE;
	struct flow flow = {
		outgoing ? ip->source : ip->destination,
		outgoing ? ip->destination : ip->source,
		outgoing ? tcp->source : tcp->destination,
		outgoing ? tcp->destination : tcp->source,
	};
	struct connection *connection = map_lookup(&connections, &flow);
	if (connection) {
		connection->flags |= tcp->flags;
		if (outgoing)
			connection->packets[0] += 1;
		else
			connection->packets[1] += 1;
		if (tcp->flags & (FIN | RST))
			connection->state = CLOSING;
		else if (connection->state == NEW && !outgoing && (tcp->flags & ACK))
			connection->state = ESTABLISHED;
		if (connection->state == CLOSING && (tcp->flags & RST))
			map_delete(&connections, &flow);
		return TC_OK;
	}
	if (!outgoing || (tcp->flags & (SYN | ACK)) != SYN)
		return TC_SHOT;
	struct connection fresh;
	ZERO(fresh);
	fresh.flags = tcp->flags;
	fresh.packets[0] = 1;
	map_update(&connections, &flow, &fresh, BPF_NOEXIST);
	return TC_OK;
}
