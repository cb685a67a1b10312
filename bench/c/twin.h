/*
 * What the C twins share: bpf(2) without a library, the CPU clock, and the end of a run. A twin gets the ids of the
 * maps and programs that the benchmark made, so both sides work on the very same objects, and prints its figures as
 * one JSON object.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long bpf(enum bpf_cmd command, union bpf_attr *attribute)
{
	return syscall(__NR_bpf, command, attribute, sizeof(*attribute));
}

static _Noreturn void fail(const char *what)
{
	perror(what);
	exit(1);
}

/* The number in argument `index`; 0 when there is none. */
static uint64_t argument(int count, char **arguments, int index)
{
	return index < count ? strtoull(arguments[index], NULL, 10) : 0;
}

static int open_by_id(enum bpf_cmd command, uint32_t id)
{
	union bpf_attr attribute = {.start_id = id};
	int fd = bpf(command, &attribute);

	if (fd < 0)
		fail("open by id");
	return fd;
}

/* CPU time of this process so far, as the Node side measures its own. */
static uint64_t cpu_nanoseconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return time.tv_sec * 1000000000ull + time.tv_nsec;
}

static void report(uint64_t nanoseconds, uint64_t count, uint64_t checksum)
{
	printf("{\"nanoseconds\": %.3f, \"count\": %llu, \"checksum\": %llu}\n", (double)nanoseconds / count,
	       (unsigned long long)count, (unsigned long long)checksum);
}
