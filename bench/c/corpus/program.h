/*
 * What the C twins of the corpus share: types, headers of packets and helpers of the kernel, without a library. A twin does the
 * same as the program of its name in e2e/corpus, on the same maps; these have names here and are declared there.
 */
#include <linux/bpf.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;

#define SECTION(name) __attribute__((section(name), used))
#define MAP(name) SECTION(".maps") int name
#define INLINE static inline __attribute__((always_inline))
#define BE16(value) ((u16)__builtin_bswap16(value))
#define BE32(value) __builtin_bswap32(value)
#define ZERO(object) __builtin_memset(&(object), 0, sizeof(object))

#define HELPER(result, name, number, ...) static result (*const name)(__VA_ARGS__) = (void *)number
HELPER(void *, map_lookup, 1, void *map, const void *key);
HELPER(long, map_update, 2, void *map, const void *key, const void *value, u64 flags);
HELPER(long, map_delete, 3, void *map, const void *key);
HELPER(long, redirect, 23, u32 interface_index, u64 flags);
HELPER(long, adjust_head, 44, void *context, s32 difference);
HELPER(void *, ring_reserve, 131, void *map, u64 size, u64 flags);
HELPER(void, ring_submit, 132, void *record, u64 flags);
HELPER(void, ring_discard, 133, void *record, u64 flags);

/*
 * Their fields are aligned within them, so they are not packed: clang reads those that are byte by byte. In a frame an IPv4
 * header stands on an even address only, which x86 and the verifier allow.
 */
struct ethernet {
	u8 destination[6], source[6];
	u16 protocol;
};

struct vlan {
	u16 tag, protocol;
};

struct ipv4 {
	u8 version_and_length, type_of_service;
	u16 total_length, identification, fragment;
	u8 time_to_live, protocol;
	u16 checksum;
	u32 source, destination;
};

struct ipv6 {
	u32 version_and_flow;
	u16 payload_length;
	u8 next_header, hop_limit;
	u8 source[16], destination[16];
};

struct icmp {
	u8 type, code;
	u16 checksum;
	u32 rest;
};

struct tcp {
	u16 source, destination;
	u32 sequence, acknowledgement;
	u8 data_offset, flags;
	u16 window, checksum, urgent;
};

struct udp {
	u16 source, destination, length, checksum;
};

struct ports {
	u16 source, destination;
};

#define FIN 1
#define SYN 2
#define RST 4
#define ACK 16
#define IPV4 BE16(0x0800)
#define IPV6 BE16(0x86dd)

/* The bytes of the packet at an offset, or NULL when it ends before. */
#define AT(context, type, offset)                                                                            \
	({                                                                                                   \
		type *found = (void *)(long)(context)->data + (offset);                                      \
		(void *)(found + 1) > (void *)(long)(context)->data_end ? (type *)0 : found;                 \
	})

INLINE u32 length_of(struct xdp_md *context)
{
	return context->data_end - context->data;
}
