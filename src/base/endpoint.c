/* SPDX-License-Identifier: Apache-2.0 */
#include "base/endpoint.h"

#include <arpa/inet.h>
#include <limits.h>

enum {
    ADDRESS_BITS = 128,
    V4_BITS = 32,
    SOURCE_BITS = 64,
};

/* What an IPv4 address has before it as an IPv6 one (RFC 4291 2.5.5.2). */
static const unsigned char v4_prefix[12] = {[10] = 0xFF, [11] = 0xFF};

union endpoint endpoint_from(const struct sockaddr *address)
{
    union endpoint endpoint = {.any = {.sa_family = AF_UNSPEC}};
    if (address->sa_family == AF_INET) {
        memcpy(&endpoint.v4, address, sizeof(endpoint.v4));
    } else if (address->sa_family == AF_INET6) {
        memcpy(&endpoint.v6, address, sizeof(endpoint.v6));
        if (IN6_IS_ADDR_V4MAPPED(&endpoint.v6.sin6_addr)) {
            struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = endpoint.v6.sin6_port};
            memcpy(&v4.sin_addr, &endpoint.v6.sin6_addr.s6_addr[12], sizeof(v4.sin_addr));
            endpoint.v4 = v4;
        }
    }
    return endpoint;
}

bool endpoint_parse_host(struct text host, uint16_t port, union endpoint *ret_endpoint)
{
    char string[INET6_ADDRSTRLEN];
    struct builder b = builder_on(string, sizeof(string));
    if (host.len >= 2 && host.at[0] == '[' && host.at[host.len - 1] == ']')
        host = (struct text){host.at + 1, host.len - 2};
    if (text_find(host, '\0') != host.len)
        return false;
    builder_put(&b, host);
    builder_end(&b);
    if (b.full)
        return false;
    union endpoint endpoint = {.v6 = {.sin6_family = AF_INET6}};
    if (inet_pton(AF_INET6, string, &endpoint.v6.sin6_addr) != 1) {
        endpoint = (union endpoint){.v4 = {.sin_family = AF_INET}};
        if (inet_pton(AF_INET, string, &endpoint.v4.sin_addr) != 1)
            return false;
    }
    endpoint_set_port(&endpoint, port);
    *ret_endpoint = endpoint_from(&endpoint.any);
    return true;
}

union endpoint endpoint_any(int family, uint16_t port)
{
    union endpoint endpoint = {.v6 = {.sin6_family = AF_INET6, .sin6_addr = in6addr_any}};
    if (family == AF_INET)
        endpoint = (union endpoint){.v4 = {.sin_family = AF_INET}};
    endpoint_set_port(&endpoint, port);
    return endpoint;
}

uint16_t endpoint_port(const union endpoint *endpoint)
{
    if (endpoint->any.sa_family == AF_INET)
        return ntohs(endpoint->v4.sin_port);
    return endpoint->any.sa_family == AF_INET6 ? ntohs(endpoint->v6.sin6_port) : 0;
}

void endpoint_set_port(union endpoint *endpoint, uint16_t port)
{
    if (endpoint->any.sa_family == AF_INET)
        endpoint->v4.sin_port = htons(port);
    else if (endpoint->any.sa_family == AF_INET6)
        endpoint->v6.sin6_port = htons(port);
}

socklen_t endpoint_len(const union endpoint *endpoint)
{
    return endpoint->any.sa_family == AF_INET ? sizeof(endpoint->v4) : sizeof(endpoint->v6);
}

bool endpoint_same_host(const union endpoint *a, const union endpoint *b)
{
    if (a->any.sa_family != b->any.sa_family)
        return false;
    if (a->any.sa_family == AF_INET)
        return a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
    /* A link-local address means a host only together with its interface. */
    return a->any.sa_family == AF_INET6 && a->v6.sin6_scope_id == b->v6.sin6_scope_id &&
           memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof(a->v6.sin6_addr)) == 0;
}

static bool is_private_v4(uint32_t host)
{
    static const struct {
        uint32_t network;
        unsigned bits;
    } networks[] = {
        {0x0A000000, 8},  {0xAC100000, 12}, {0xC0A80000, 16}, /* RFC 1918 */
        {0x7F000000, 8},                                      /* loopback */
        {0xA9FE0000, 16},                                     /* link-local, RFC 3927 */
        {0x64400000, 10},                                     /* shared, RFC 6598 */
    };
    for (size_t i = 0; i < sizeof(networks) / sizeof(networks[0]); i++)
        if ((host ^ networks[i].network) >> (32 - networks[i].bits) == 0)
            return true;
    return false;
}

bool endpoint_is_private(const union endpoint *endpoint)
{
    if (endpoint->any.sa_family == AF_INET)
        return is_private_v4(ntohl(endpoint->v4.sin_addr.s_addr));
    if (endpoint->any.sa_family != AF_INET6)
        return false;
    const struct in6_addr *v6 = &endpoint->v6.sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(v6) || IN6_IS_ADDR_LINKLOCAL(v6) ||
           (v6->s6_addr[0] & 0xFE) == 0xFC; /* unique local, RFC 4193 */
}

bool endpoint_is_one_host(const union endpoint *endpoint)
{
    if (endpoint->any.sa_family == AF_INET6) {
        const struct in6_addr *v6 = &endpoint->v6.sin6_addr;
        return !IN6_IS_ADDR_UNSPECIFIED(v6) && !IN6_IS_ADDR_MULTICAST(v6);
    }
    uint32_t v4 = ntohl(endpoint->v4.sin_addr.s_addr);
    /* 0/8 is "this network" (RFC 1122 3.2.1.3), 224/4 multicast, 240/4 reserved and broadcast. */
    return endpoint->any.sa_family == AF_INET && v4 >> 24 != 0 && v4 < 0xE0000000;
}

/* ---- Networks ---------------------------------------------------------------- */

struct endpoint_network endpoint_network_of(const union endpoint *endpoint, unsigned bits)
{
    struct endpoint_network network = {.bits = bits};
    if (endpoint->any.sa_family == AF_INET) {
        memcpy(network.bytes, v4_prefix, sizeof(v4_prefix));
        memcpy(network.bytes + sizeof(v4_prefix), &endpoint->v4.sin_addr, V4_BITS / 8);
    } else {
        memcpy(network.bytes, &endpoint->v6.sin6_addr, sizeof(network.bytes));
    }
    for (unsigned bit = bits; bit < ADDRESS_BITS; bit++)
        network.bytes[bit / 8] &= (unsigned char)~(0x80U >> bit % 8);
    return network;
}

static bool is_of_v4(const struct endpoint_network *network)
{
    return network->bits >= ADDRESS_BITS - V4_BITS &&
           memcmp(network->bytes, v4_prefix, sizeof(v4_prefix)) == 0;
}

bool endpoint_in_network(const union endpoint *endpoint, const struct endpoint_network *network)
{
    if (endpoint->any.sa_family != (is_of_v4(network) ? AF_INET : AF_INET6))
        return false;
    const struct endpoint_network own = endpoint_network_of(endpoint, network->bits);
    return memcmp(own.bytes, network->bytes, sizeof(own.bytes)) == 0;
}

bool endpoint_parse_network(struct text t, struct endpoint_network *ret_network)
{
    union endpoint host;
    struct text length = t;
    struct text address = text_take_until(&length, '/');
    if (!endpoint_parse_host(address, 0, &host))
        return false;
    bool is_mapped = text_find(address, ':') < address.len; /* if it is an IPv4 one */
    uint64_t most = host.any.sa_family == AF_INET && !is_mapped ? V4_BITS : ADDRESS_BITS;
    uint64_t bits = most;
    bool has_length = address.len < t.len;
    if (has_length && !text_to_number(length, most, &bits))
        return false;
    const struct endpoint_network network = endpoint_network_of(
        &host, (unsigned)(ADDRESS_BITS - most + bits));
    const struct endpoint_network whole = endpoint_network_of(&host, ADDRESS_BITS);
    if (memcmp(network.bytes, whole.bytes, sizeof(whole.bytes)) != 0)
        return false;
    *ret_network = network;
    return true;
}

struct endpoint_network endpoint_source(const union endpoint *endpoint)
{
    bool alone = endpoint->any.sa_family == AF_INET ||
                 IN6_IS_ADDR_LINKLOCAL(&endpoint->v6.sin6_addr);
    return endpoint_network_of(endpoint, alone ? ADDRESS_BITS : SOURCE_BITS);
}

void endpoint_put_network(const struct endpoint_network *network, struct builder *b)
{
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    memcpy(&v6.sin6_addr, network->bytes, sizeof(network->bytes));
    bool is_v4 = is_of_v4(network);
    unsigned before = is_v4 ? ADDRESS_BITS - V4_BITS : 0;
    union endpoint host = {.v6 = v6};
    if (is_v4)
        host = endpoint_from(&host.any);
    endpoint_put_host(&host, b);
    if (network->bits == ADDRESS_BITS)
        return;
    builder_put_byte(b, '/');
    builder_put_number(b, network->bits - before);
}

/* ---- As text ------------------------------------------------------------------ */

/* inet_ntop takes three times as long, by way of printf: 0.6 us of a login, which has it thrice. */
static void put_v4(const struct in_addr *address, struct builder *b)
{
    unsigned char bytes[V4_BITS / 8];
    memcpy(bytes, address, sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++) {
        if (i)
            builder_put_byte(b, '.');
        builder_put_number(b, bytes[i]);
    }
}

void endpoint_put_host(const union endpoint *endpoint, struct builder *b)
{
    char string[INET6_ADDRSTRLEN] = "?";
    if (endpoint->any.sa_family == AF_INET) {
        put_v4(&endpoint->v4.sin_addr, b);
        return;
    }
    if (endpoint->any.sa_family == AF_INET6)
        inet_ntop(AF_INET6, &endpoint->v6.sin6_addr, string, sizeof(string));
    builder_put_string(b, string);
}

void endpoint_put(const union endpoint *endpoint, struct builder *b)
{
    bool v6 = endpoint->any.sa_family == AF_INET6;
    if (v6)
        builder_put_byte(b, '[');
    endpoint_put_host(endpoint, b);
    if (v6)
        builder_put_byte(b, ']');
    builder_put_byte(b, ':');
    builder_put_number(b, endpoint_port(endpoint));
}
