#include "program.h"

#define THRESHOLD 5
struct row {
	u32 counters[128];
};
MAP(sketch);
MAP(hitters);

INLINE u32 hashed(u32 value, u32 seed)
{
	u32 hash = value * (seed | 1);

	hash ^= hash >> 15;
	hash *= 0x2c1b3c6d;
	return hash ^ (hash >> 12);
}

INLINE u32 estimate(u32 address)
{
	u32 least = 0xffffffff;

#pragma clang loop unroll(disable)
	for (u32 index = 0; index < 3; index++) {
		u32 key = index;
		struct row *row = map_lookup(&sketch, &key);
		if (!row)
			return 0;
		u32 slot = hashed(BE32(address), index * 0x9e3779b1 + 0x85ebca77) & 127;
		u32 count = row->counters[slot] + 1;
		row->counters[slot] = count;
		if (count < least)
			least = count;
	}
	return least;
}

SECTION("program") int watch(struct xdp_md *ctx)
{
	struct ethernet *ethernet = AT(ctx, struct ethernet, 0);

	if (!ethernet || ethernet->protocol != IPV4)
		return XDP_PASS;
	struct ipv4 *ip = AT(ctx, struct ipv4, 14);
	if (!ip)
		return XDP_PASS;
	u32 source = ip->source;
	u32 count = estimate(source);
	if (count < THRESHOLD)
		return XDP_PASS;
	map_update(&hitters, &source, &count, 0);
	return count > THRESHOLD * 2 ? XDP_DROP : XDP_PASS;
}
