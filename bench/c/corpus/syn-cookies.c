#include "program.h"

#define FIRST 0x12345678u
#define SECOND 0x9abcdef0u
MAP(outcomes);

#define ROTATE(value, by) (((value) << (by)) | ((value) >> (32 - (by))))

INLINE u32 hash(u32 first, u32 second, u32 third, u32 seed)
{
	u32 a = first + 0xdeadbeef + 12 + seed, b = second + 0xdeadbeef + 12 + seed, c = third + 0xdeadbeef + 12 + seed;

	c = (c ^ b) - ROTATE(b, 14);
	a = (a ^ c) - ROTATE(c, 11);
	b = (b ^ a) - ROTATE(a, 25);
	c = (c ^ b) - ROTATE(b, 16);
	a = (a ^ c) - ROTATE(c, 4);
	b = (b ^ a) - ROTATE(a, 14);
	c = (c ^ b) - ROTATE(b, 24);
	return c;
}

INLINE void count(u32 outcome)
{
	u32 *seen = map_lookup(&outcomes, &outcome);
	u32 next = (seen ? *seen : 0) + 1;

	map_update(&outcomes, &outcome, &next, 0);
}

SECTION("program") int cookies(struct xdp_md *ctx)
{
	struct ipv4 *ip = AT(ctx, struct ipv4, 14);

	if (!ip || ip->protocol != 6 || ip->version_and_length != 0x45)
		return XDP_PASS;
	struct tcp *tcp = AT(ctx, struct tcp, 34);
	if (!tcp)
		return XDP_DROP;
	u32 ports = ((u32)BE16(tcp->source) << 16) | BE16(tcp->destination);
	u32 kind = tcp->flags & (SYN | ACK | RST);
	if (kind == SYN) {
		u32 cookie = hash(BE32(ip->source), ports, BE32(tcp->sequence), FIRST);
		tcp->acknowledgement = BE32(BE32(tcp->sequence) + 1);
		tcp->sequence = BE32(cookie ^ SECOND);
		tcp->flags = SYN | ACK;
		u32 source = ip->source;
		ip->source = ip->destination;
		ip->destination = source;
		u16 from = tcp->source;
		tcp->source = tcp->destination;
		tcp->destination = from;
		count(0);
		return XDP_TX;
	}
	if (kind == ACK) {
		u32 expected = hash(BE32(ip->source), ports, BE32(tcp->sequence) - 1, FIRST) ^ SECOND;
		int right = BE32(tcp->acknowledgement) == expected + 1;
		count(right ? 1 : 2);
		return right ? XDP_PASS : XDP_DROP;
	}
	count(3);
	return XDP_PASS;
}
