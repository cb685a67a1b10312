#include "program.h"

#define MSS 1400
enum { END, NOTHING, MAXIMUM_SEGMENT };

struct option {
	u8 kind, length;
	u16 value;
};
MAP(clamped);

SECTION("program") int clamp_mss(struct xdp_md *ctx)
{
	struct ethernet *ethernet = AT(ctx, struct ethernet, 0);
	struct ipv4 *ip = AT(ctx, struct ipv4, 14);

	if (!ethernet || !ip || ethernet->protocol != IPV4 || ip->protocol != 6)
		return XDP_PASS;
	u32 start = 14 + (ip->version_and_length & 15) * 4;
	struct tcp *tcp = AT(ctx, struct tcp, start);
	if (!tcp || !(tcp->flags & SYN))
		return XDP_PASS;
	u32 end = start + (tcp->data_offset >> 4) * 4;
	u32 offset = start + sizeof(struct tcp);
#pragma clang loop unroll(disable)
	for (int options = 0; options < 10; options++) {
		if (offset >= end)
			break;
		u8 *kind = AT(ctx, u8, offset & 0xff);
		if (!kind || *kind == END)
			break;
		if (*kind == NOTHING) {
			offset += 1;
			continue;
		}
		struct option *option = AT(ctx, struct option, offset & 0xff);
		if (!option || option->length < 2)
			return XDP_DROP;
		if (option->kind == MAXIMUM_SEGMENT) {
			u32 larger = BE16(option->value) > MSS, index = larger ? 1 : 0;
			u32 *seen = map_lookup(&clamped, &index);
			u32 next = (seen ? *seen : 0) + 1;
			map_update(&clamped, &index, &next, 0);
			if (larger)
				option->value = BE16(MSS);
			return XDP_PASS;
		}
		offset += option->length;
	}
	return XDP_PASS;
}
