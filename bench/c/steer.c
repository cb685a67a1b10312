/* The twin of packages/steering/src/steer.bpf.ts: the same on the same maps. */
#include "corpus/program.h"

HELPER(long, sk_release, 86, void *sk);
HELPER(long, sk_assign, 124, void *context, void *sk, u64 flags);

#define KINDS 4
#define MAX_LEVELS 128
#define BUCKETS 64
#define ALTERNATIVES 4
#define SLOTS 64

struct level {
	u32 mask[4];
	u16 port_mask;
	u8 prefix_length, port_length;
};

struct levels {
	u32 count;
	struct level levels[MAX_LEVELS];
};

struct target_key {
	u32 address[4];
	u16 port;
	u8 kind, generation, prefix_length, port_length;
};

struct target {
	u32 binding, label, missing, fallback;
	u64 lookups;
};

struct bucket {
	u16 slots[ALTERNATIVES];
};

struct socket_record {
	u64 cookie;
	u8 weight, kind, dual_stack, draining;
};

struct label_state {
	struct bucket buckets[KINDS * BUCKETS];
	struct socket_record sockets[SLOTS];
};

struct counters {
	u64 lookups, hits, misses, dropped, errors;
};

MAP(active);
MAP(levels);
MAP(targets);
MAP(states);
MAP(sockets);
MAP(counters);

INLINE int assign(struct bpf_sk_lookup *context, u32 label, u32 kind)
{
	struct counters *seen = map_lookup(&counters, &label);
	if (!seen)
		return 0;
	seen->lookups++;
	void *slots = map_lookup(&sockets, &label);
	if (!slots)
		return 0;
	void *inner = map_lookup(&states, &label);
	if (!inner)
		return 0;
	u32 zero = 0;
	struct label_state *state = map_lookup(inner, &zero);
	if (!state)
		return 0;
	u32 hash = (BE32(context->remote_ip4) ^ BE32(context->remote_ip6[3]) ^ BE16(context->remote_port)) * 0x9e3779b1;
	struct bucket *bucket = &state->buckets[(kind * BUCKETS + (hash >> 26)) & (KINDS * BUCKETS - 1)];
	for (u32 index = 0; index < ALTERNATIVES; index++) {
		u32 slot = bucket->slots[index];
		if (slot == 0)
			break;
		slot--;
		void *socket = map_lookup(slots, &slot);
		if (!socket)
			continue;
		long refused = sk_assign(context, socket, 0);
		sk_release(socket);
		if (refused == 0) {
			seen->hits++;
			return 1;
		}
		seen->errors++;
	}
	seen->misses++;
	return 0;
}

INLINE int deliver(struct bpf_sk_lookup *context, struct target *target, u32 kind)
{
	__sync_fetch_and_add(&target->lookups, 1);
	u32 label = target->label;
	if (assign(context, label, kind))
		return 1;
	if (target->missing == 1)
		return 1;
	if (target->missing == 2 && assign(context, target->fallback, kind))
		return 1;
	struct counters *seen = map_lookup(&counters, &label);
	if (seen)
		seen->dropped++;
	return 0;
}

SECTION("program") int steer(struct bpf_sk_lookup *context)
{
	u32 zero = 0;
	u32 *state = map_lookup(&active, &zero);
	if (!state)
		return 1;
	int six = context->family == 10;
	u32 kind = (six ? 2 : 0) + (context->protocol == 17 ? 1 : 0);
	u32 half = (*state & 1) * KINDS + kind;
	struct levels *list = map_lookup(&levels, &half);
	if (!list)
		return 1;
	struct target_key key = {.kind = kind, .generation = *state >> 1};
	u32 four = context->local_ip4, first = context->local_ip6[0];
	/* Else clang chooses between two addresses in the context, which the verifier refuses. */
	asm volatile("" : "+r"(four), "+r"(first));
	if (!six)
		first = four;
	for (u32 index = 0; index < MAX_LEVELS; index++) {
		if (index >= list->count)
			break;
		struct level *level = &list->levels[index];
		key.address[0] = first & level->mask[0];
		key.address[1] = context->local_ip6[1] & level->mask[1];
		key.address[2] = context->local_ip6[2] & level->mask[2];
		key.address[3] = context->local_ip6[3] & level->mask[3];
		key.port = (u16)context->local_port & level->port_mask;
		key.prefix_length = level->prefix_length;
		key.port_length = level->port_length;
		struct target *target = map_lookup(&targets, &key);
		if (target)
			return deliver(context, target, kind);
	}
	return 1;
}
