/* map-access get|set <map id> <entries> <operations>: one system call for each operation, keys in turn. */
#include "connections.h"
#include "twin.h"

int main(int argc, char **argv)
{
	int fd = open_by_id(BPF_MAP_GET_FD_BY_ID, argument(argc, argv, 2));
	uint32_t entries = argument(argc, argv, 3);
	uint64_t operations = argument(argc, argv, 4);
	struct connection key;
	struct traffic value = {};
	uint64_t checksum = 0;
	union bpf_attr attribute = {.map_fd = fd, .key = (uintptr_t)&key, .value = (uintptr_t)&value};
	int set = argc > 1 && strcmp(argv[1], "set") == 0;
	uint64_t start = cpu_nanoseconds();

	for (uint64_t index = 0; index < operations; index++) {
		fill_connection(&key, index % entries);
		if (set) {
			value.packets = index;
			value.bytes = index * 60;
			value.last_seen = index;
			value.mark = 1;
			value.flags = 2;
			if (bpf(BPF_MAP_UPDATE_ELEM, &attribute))
				fail("update");
		} else {
			if (bpf(BPF_MAP_LOOKUP_ELEM, &attribute))
				fail("look up");
			checksum += sum_traffic(&value);
		}
	}
	report(cpu_nanoseconds() - start, operations, checksum);
}
