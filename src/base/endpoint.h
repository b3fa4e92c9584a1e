/* SPDX-License-Identifier: Apache-2.0 */
/*
 * endpoint: one end of a TCP connection, IPv4 or IPv6 address and port, as a
 * small value (28 bytes instead of sockaddr_storage's 128: every session keeps
 * two). No system calls and no DNS; any thread.
 *
 * An IPv4-mapped IPv6 address (::ffff:a.b.c.d, what an IPv6 socket that also
 * serves IPv4 reports) is always turned into the IPv4 address it stands for,
 * so that two endpoints of the same host compare equal.
 */
#ifndef FERRY_BASE_ENDPOINT_H
#define FERRY_BASE_ENDPOINT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/text.h"

union endpoint {
    struct sockaddr any; /* sa_family AF_UNSPEC: no endpoint */
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* Longest text endpoint_host_text or endpoint_text writes, NUL included. */
enum { ENDPOINT_TEXT_SIZE = INET6_ADDRSTRLEN + 8 };

/* From what the socket calls return. Other families give AF_UNSPEC. */
union endpoint endpoint_from(const struct sockaddr *address);

/* Numeric IPv4 or IPv6 address, brackets allowed around IPv6; false otherwise. */
bool endpoint_parse_host(struct text host, uint16_t port, union endpoint *ret_endpoint);

/* "Every address" of a family (AF_INET or AF_INET6). */
union endpoint endpoint_any(int family, uint16_t port);

uint16_t endpoint_port(const union endpoint *endpoint);
void endpoint_set_port(union endpoint *endpoint, uint16_t port);
/* Length to give to bind and connect. */
socklen_t endpoint_len(const union endpoint *endpoint);

/* The same host, whatever the ports. */
bool endpoint_same_host(const union endpoint *a, const union endpoint *b);
/*
 * Loopback, private (RFC 1918, RFC 4193), link-local or shared (RFC 6598): an
 * address that a client outside cannot reach, or a client that is inside.
 */
bool endpoint_is_private(const union endpoint *endpoint);

/* Does it stand for one host: neither "any", nor multicast, nor broadcast? */
bool endpoint_is_one_host(const union endpoint *endpoint);

/*
 * Hosts of one family whose addresses begin with the same bits. An IPv4 one is
 * written within ::ffff:0:0/96: "192.0.2.0/24" has 120 bits.
 */
struct endpoint_network {
    unsigned char bytes[16];
    unsigned bits; /* 0 to 128 */
};

/*
 * "192.0.2.0/24", "2001:db8::/32" or a single address; false for anything else,
 * also when a bit is set behind those that count: it may be meant otherwise.
 */
bool endpoint_parse_network(struct text t, struct endpoint_network *ret_network);
bool endpoint_in_network(const union endpoint *endpoint, const struct endpoint_network *network);
/* The network of so many bits that the host is in. */
struct endpoint_network endpoint_network_of(const union endpoint *endpoint, unsigned bits);
/*
 * Who is behind an address: an IPv4 address, or an IPv6 network of 64 bits,
 * because whoever has one address of it has all (RFC 7934); on the link-local
 * network everybody is, so there it is the address.
 */
struct endpoint_network endpoint_source(const union endpoint *endpoint);
/* As endpoint_parse_network reads it. */
void endpoint_put_network(const struct endpoint_network *network, struct builder *b);

/* "192.0.2.1" or "2001:db8::1". */
void endpoint_put_host(const union endpoint *endpoint, struct builder *b);
/* "192.0.2.1:21" or "[2001:db8::1]:21". */
void endpoint_put(const union endpoint *endpoint, struct builder *b);

#endif
