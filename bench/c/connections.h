/* The elements of the map in support/connections.ts, in C. */
#include <arpa/inet.h>
#include <stdint.h>

struct connection {
	uint32_t address; /* network byte order, like the port */
	uint16_t port;
	uint8_t protocol;
	uint8_t direction;
	uint32_t identity;
	uint32_t zone;
};

struct traffic {
	uint64_t packets;
	uint64_t bytes;
	uint64_t last_seen;
	uint32_t mark;
	uint32_t flags;
};

static inline void fill_connection(struct connection *key, uint32_t index)
{
	key->address = htonl(0x0a000000 + index);
	key->port = htons(index & 0xffff);
	key->protocol = 6;
	key->direction = index & 1;
	key->identity = index >> 4;
	key->zone = 0;
}

static inline uint64_t sum_connection(const struct connection *key)
{
	return ntohl(key->address) + ntohs(key->port) + key->protocol + key->direction + key->identity + key->zone;
}

static inline uint64_t sum_traffic(const struct traffic *value)
{
	return value->packets + value->bytes + value->last_seen + value->mark + value->flags;
}
