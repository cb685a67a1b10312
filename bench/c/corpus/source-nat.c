#include "program.h"

struct origin {
	u32 address;
	u16 port;
	u8 protocol, padding;
};
struct mapping {
	u32 address;
	u16 port, padding;
};
MAP(mappings);

INLINE u16 replaced(u16 checksum, u32 from, u32 to)
{
	u32 before = ~BE32(from), after = BE32(to);
	u32 sum = (u16)~BE16(checksum) + (before >> 16) + (before & 0xffff) + (after >> 16) + (after & 0xffff);

	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return BE16(~sum);
}

#define WIDENED(port) BE32((u32)BE16(port))

SECTION("program") int translate(struct xdp_md *ctx)
{
	struct ethernet *ethernet = AT(ctx, struct ethernet, 0);
	struct ipv4 *ip = AT(ctx, struct ipv4, 14);

	if (!ethernet || !ip || ethernet->protocol != IPV4)
		return XDP_PASS;
	u32 transport = 14 + (ip->version_and_length & 15) * 4;
	struct ports *ports = AT(ctx, struct ports, transport);
	if (!ports)
		return XDP_PASS;
	struct origin origin = {ip->source, ports->source, ip->protocol, 0};
	struct mapping *found = map_lookup(&mappings, &origin);
	if (!found)
		return XDP_PASS;

	if (ip->protocol == 6) {
		struct tcp *tcp = AT(ctx, struct tcp, transport);
		if (!tcp)
			return XDP_DROP;
		u16 sum = replaced(tcp->checksum, ip->source, found->address);
		tcp->checksum = replaced(sum, WIDENED(ports->source), WIDENED(found->port));
	} else if (ip->protocol == 17) {
		struct udp *udp = AT(ctx, struct udp, transport);
		if (!udp)
			return XDP_DROP;
		if (udp->checksum) {
			u16 sum = replaced(udp->checksum, ip->source, found->address);
			udp->checksum = replaced(sum, WIDENED(ports->source), WIDENED(found->port));
		}
	}
	ip->checksum = replaced(ip->checksum, ip->source, found->address);
	ip->source = found->address;
	ports->source = found->port;
	return XDP_TX;
}
