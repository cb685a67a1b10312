/*
 * One byte there and one back over a connection of TCP, both ends on the same CPU, so that no other one has to be woken up.
 * `round-trips serve PORT` says that it is ready, and answers one connection after the other;
 * `round-trips ask ADDRESS PORT COUNT` prints what a round trip takes, by the clock on the wall, for both ends work in it.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WARM_UP 500

static _Noreturn void fail(const char *what)
{
	perror(what);
	exit(1);
}

static int tcp_socket(void)
{
	int one = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		fail("socket");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	return fd;
}

static void serve(struct sockaddr_in address)
{
	int listener = tcp_socket();
	char byte;

	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(listener, 8) < 0)
		fail("listen");
	puts("ready");
	fflush(stdout);
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd < 0)
			fail("accept");
		while (read(fd, &byte, 1) == 1)
			if (write(fd, &byte, 1) != 1)
				break;
		close(fd);
	}
}

static void ask(struct sockaddr_in address, uint64_t count)
{
	int fd = tcp_socket();
	struct timespec start = {0}, end;
	char byte = 'x';

	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		fail("connect");
	for (uint64_t trip = 0; trip < WARM_UP + count; trip++) {
		if (trip == WARM_UP)
			clock_gettime(CLOCK_MONOTONIC, &start);
		if (write(fd, &byte, 1) != 1 || read(fd, &byte, 1) != 1)
			fail("round trip");
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	printf("%.1f\n", ((end.tv_sec - start.tv_sec) * 1e9 + (end.tv_nsec - start.tv_nsec)) / count);
}

int main(int count, char **arguments)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	cpu_set_t first;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	if (sched_setaffinity(0, sizeof(first), &first) < 0)
		fail("sched_setaffinity");
	if (count == 3 && strcmp(arguments[1], "serve") == 0) {
		address.sin_port = htons(atoi(arguments[2]));
		serve(address);
	} else if (count == 5 && strcmp(arguments[1], "ask") == 0) {
		address.sin_port = htons(atoi(arguments[3]));
		if (inet_pton(AF_INET, arguments[2], &address.sin_addr) != 1)
			fail("address");
		ask(address, strtoull(arguments[4], NULL, 10));
	} else {
		fputs("round-trips serve PORT | round-trips ask ADDRESS PORT COUNT\n", stderr);
		return 2;
	}
	return 0;
}
