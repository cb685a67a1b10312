/*
 * Datagrams of UDP, one after the other from the first CPU, so that the programs they meet run there, too.
 * `datagrams sink PORT` says that it is ready, and never reads what comes;
 * `datagrams send ADDRESS PORT COUNT FIRST_PORT PORTS SPREAD` sends from as many source ports, in turn, to as many addresses from
 * ADDRESS on, mixed: with one of each that is one flow, with as many ports as datagrams each is the first one of its flow.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Noreturn void fail(const char *what)
{
	perror(what);
	exit(1);
}

static int udp_socket(uint16_t port)
{
	struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof(own)) < 0)
		fail("socket");
	return fd;
}

static void sink(uint16_t port)
{
	udp_socket(port);
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}

static void send_all(struct sockaddr_in to, uint32_t count, uint16_t first, uint32_t ports, uint32_t spread)
{
	uint32_t address = ntohl(to.sin_addr.s_addr);
	char byte = 'x';
	int fd = -1;

	for (uint32_t index = 0; index < count; index++) {
		if (fd < 0)
			fd = udp_socket(first + index % ports);
		/* Neighbours in time are no neighbours by address. */
		to.sin_addr.s_addr = htonl(address + (index * 2654435761u >> 8) % spread);
		/* Answers that say that nobody is there are no failure. */
		sendto(fd, &byte, 1, 0, (struct sockaddr *)&to, sizeof(to));
		if (ports > 1) {
			close(fd);
			fd = -1;
		}
	}
}

static uint32_t number(const char *text)
{
	return strtoul(text, NULL, 10);
}

int main(int count, char **arguments)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	cpu_set_t first;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	if (sched_setaffinity(0, sizeof(first), &first) < 0)
		fail("sched_setaffinity");
	if (count == 3 && strcmp(arguments[1], "sink") == 0) {
		sink(number(arguments[2]));
	} else if (count == 8 && strcmp(arguments[1], "send") == 0) {
		if (inet_pton(AF_INET, arguments[2], &to.sin_addr) != 1)
			fail("address");
		to.sin_port = htons(number(arguments[3]));
		send_all(to, number(arguments[4]), number(arguments[5]), number(arguments[6]), number(arguments[7]));
	} else {
		fputs("datagrams sink PORT | datagrams send ADDRESS PORT COUNT FIRST_PORT PORTS SPREAD\n", stderr);
		return 2;
	}
	return 0;
}
