#include "program.h"

struct tunnel {
	u32 source, destination;
	u8 time_to_live;
};
MAP(tunnels);
MAP(identifications);

INLINE u32 folded(u32 sum)
{
	u32 once = (sum & 0xffff) + (sum >> 16);

	return (once & 0xffff) + (once >> 16);
}

#define HALVES(address) ((BE32(address) >> 16) + (BE32(address) & 0xffff))

SECTION("program") int encapsulate(struct xdp_md *ctx)
{
	struct ethernet *ethernet = AT(ctx, struct ethernet, 0);
	struct ipv4 *inner = AT(ctx, struct ipv4, 14);
	u8 to[6], from[6];

	if (!ethernet || !inner || ethernet->protocol != IPV4)
		return XDP_PASS;
	u32 destination = inner->destination;
	struct tunnel *tunnel = map_lookup(&tunnels, &destination);
	if (!tunnel)
		return XDP_PASS;
	u32 length = BE16(inner->total_length) + sizeof(struct ipv4);
	if (length > 1500)
		return XDP_DROP;
	u8 type_of_service = inner->type_of_service;
	__builtin_memcpy(to, ethernet->destination, 6);
	__builtin_memcpy(from, ethernet->source, 6);
	if (adjust_head(ctx, -20))
		return XDP_ABORTED;

	struct ethernet *outer = AT(ctx, struct ethernet, 0);
	struct ipv4 *ip = AT(ctx, struct ipv4, 14);
	if (!outer || !ip)
		return XDP_ABORTED;
	__builtin_memcpy(outer->destination, to, 6);
	__builtin_memcpy(outer->source, from, 6);
	outer->protocol = IPV4;
	u32 zero = 0;
	u32 *last = map_lookup(&identifications, &zero);
	u32 identification = last ? *last : 0, next = identification + 1;
	map_update(&identifications, &zero, &next, 0);
	ip->version_and_length = 0x45;
	ip->type_of_service = type_of_service;
	ip->total_length = BE16(length);
	ip->identification = BE16(identification);
	ip->fragment = BE16(0x4000);
	ip->time_to_live = tunnel->time_to_live;
	ip->protocol = 4;
	ip->source = tunnel->source;
	ip->destination = tunnel->destination;
	u32 sum = 0x4500 + type_of_service + length + (identification & 0xffff) + 0x4000 +
		  (((u32)tunnel->time_to_live << 8) | 4);
	ip->checksum = BE16(~folded(sum + HALVES(tunnel->source) + HALVES(tunnel->destination)));
	return XDP_TX;
}
