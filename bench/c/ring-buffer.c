/*
 * ring-buffer <map id> <bytes> <program id> <records>: fills the ring by test runs of the program that sends, empties
 * it, and reports the time of the emptying. Twice, because the first time maps the pages in.
 */
#include <arpa/inet.h>
#include <sys/mman.h>

#include "twin.h"

struct event {
	uint64_t sequence;
	uint32_t address; /* network byte order, like the port */
	uint16_t port;
	uint16_t verdict;
};

static void send_events(int program, uint32_t records)
{
	char frame[64] = {};
	union bpf_attr attribute = {};

	attribute.test.prog_fd = program;
	attribute.test.data_in = (uintptr_t)frame;
	attribute.test.data_size_in = sizeof(frame);
	attribute.test.repeat = records;
	if (bpf(BPF_PROG_TEST_RUN, &attribute))
		fail("test run");
}

int main(int argc, char **argv)
{
	int map = open_by_id(BPF_MAP_GET_FD_BY_ID, argument(argc, argv, 1));
	uint64_t size = argument(argc, argv, 2);
	int program = open_by_id(BPF_PROG_GET_FD_BY_ID, argument(argc, argv, 3));
	uint32_t records = argument(argc, argv, 4);
	long page = sysconf(_SC_PAGESIZE);
	uint64_t *consumer = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
	char *pages = mmap(NULL, page + 2 * size, PROT_READ, MAP_SHARED, map, page);
	uint64_t checksum, count, nanoseconds;

	if (consumer == MAP_FAILED || pages == MAP_FAILED)
		fail("map the ring");
	for (int round = 0; round < 2; round++) {
		send_events(program, records);
		checksum = count = 0;
		uint64_t start = cpu_nanoseconds();
		uint64_t position = __atomic_load_n(consumer, __ATOMIC_ACQUIRE);
		uint64_t end = __atomic_load_n((uint64_t *)pages, __ATOMIC_ACQUIRE);

		while (position < end) {
			char *record = pages + page + (position & (size - 1));
			uint32_t header = __atomic_load_n((uint32_t *)record, __ATOMIC_ACQUIRE);
			uint32_t length = header & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);

			if (header & BPF_RINGBUF_BUSY_BIT)
				break;
			if (!(header & BPF_RINGBUF_DISCARD_BIT) && length == sizeof(struct event)) {
				struct event *event = (struct event *)(record + BPF_RINGBUF_HDR_SZ);

				checksum += event->sequence + ntohl(event->address) + ntohs(event->port) + event->verdict;
				count++;
			}
			position += (length + BPF_RINGBUF_HDR_SZ + 7) & ~7ull;
		}
		__atomic_store_n(consumer, position, __ATOMIC_RELEASE);
		nanoseconds = cpu_nanoseconds() - start;
	}
	report(nanoseconds, count, checksum);
}
