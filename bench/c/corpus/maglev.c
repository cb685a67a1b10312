#include "program.h"

struct vip {
	u32 address;
	u16 port;
	u8 protocol, padding;
};
struct table {
	u16 slots[64];
	u32 sessions;
};
struct backend {
	u32 address, weight;
	u64 packets;
};
MAP(vips);
MAP(tables);
MAP(backends);

INLINE u32 mixed(u32 address, u32 ports)
{
	u32 hash = BE32(address) ^ ports;

	hash = (hash ^ (hash >> 16)) * 0x7feb352d;
	hash = (hash ^ (hash >> 15)) * 0x846ca68b;
	return hash ^ (hash >> 16);
}

SECTION("program") int balance(struct xdp_md *ctx)
{
	struct ethernet *ethernet = AT(ctx, struct ethernet, 0);
	struct ipv4 *ip = AT(ctx, struct ipv4, 14);
	struct ports *ports = AT(ctx, struct ports, 34);

	if (!ethernet || !ip || !ports || ethernet->protocol != IPV4 || ip->version_and_length != 0x45)
		return XDP_PASS;
	struct vip key = {ip->destination, ports->destination, ip->protocol, 0};
	u32 *vip = map_lookup(&vips, &key);
	if (!vip)
		return XDP_PASS;
	u32 index = *vip;
	struct table *table = map_lookup(&tables, &index);
	if (!table)
		return XDP_ABORTED;
	u32 hash = mixed(ip->source, ((u32)BE16(ports->source) << 16) | BE16(ports->destination));
	u32 slot = table->slots[hash % 64];
	struct backend *backend = map_lookup(&backends, &slot);
	if (!backend || backend->weight == 0)
		return XDP_DROP;
	table->sessions += 1;
	backend->packets += 1;
	ip->destination = backend->address;
	return XDP_TX;
}
