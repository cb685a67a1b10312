/* map-dump <map id> <chunk>: reads a whole hash map, `chunk` entries in one system call, and sums all fields. */
#include "connections.h"
#include "twin.h"

int main(int argc, char **argv)
{
	int fd = open_by_id(BPF_MAP_GET_FD_BY_ID, argument(argc, argv, 1));
	uint32_t chunk = argument(argc, argv, 2);
	uint64_t start = cpu_nanoseconds();
	struct connection *keys = malloc(chunk * sizeof(*keys));
	struct traffic *values = malloc(chunk * sizeof(*values));
	uint64_t checksum = 0, count = 0, position;
	union bpf_attr attribute = {};
	long result;

	attribute.batch.map_fd = fd;
	attribute.batch.keys = (uintptr_t)keys;
	attribute.batch.values = (uintptr_t)values;
	attribute.batch.out_batch = (uintptr_t)&position;
	do {
		attribute.batch.count = chunk;
		result = bpf(BPF_MAP_LOOKUP_BATCH, &attribute);
		if (result && errno != ENOENT)
			fail("read a batch");
		for (uint32_t index = 0; index < attribute.batch.count; index++)
			checksum += sum_connection(&keys[index]) + sum_traffic(&values[index]);
		count += attribute.batch.count;
		attribute.batch.in_batch = (uintptr_t)&position;
	} while (result == 0);
	report(cpu_nanoseconds() - start, count, checksum);
}
