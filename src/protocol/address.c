/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/address.h"

enum {
    PORT_FIELDS = 6,
    LPRT_FIELDS_MAX = 21, /* family, length, 16 of address, length, 2 of port */
    FAMILY_EPRT_V4 = 1,   /* RFC 2428 2: IANA address family numbers */
    FAMILY_EPRT_V6 = 2,
    FAMILY_LPRT_V4 = 4, /* RFC 1639: IP version numbers */
    FAMILY_LPRT_V6 = 6,
};

/*
 * Reads decimal bytes with commas between them, exactly the whole text.
 * Returns how many, 0 when malformed or more than `max`.
 */
static size_t parse_bytes(struct text t, uint8_t *bytes, size_t max)
{
    size_t count = 0;
    while (count < max) {
        uint64_t number;
        bool last = text_find(t, ',') == t.len;
        if (!text_to_number(text_trim(text_take_until(&t, ',')), UINT8_MAX, &number))
            return 0;
        bytes[count++] = (uint8_t)number;
        if (last)
            return count;
    }
    return 0;
}

static union endpoint endpoint_of_bytes(int family, const uint8_t *host, const uint8_t *port)
{
    union endpoint endpoint = endpoint_any(family, (uint16_t)(port[0] << 8 | port[1]));
    if (family == AF_INET)
        memcpy(&endpoint.v4.sin_addr, host, sizeof(endpoint.v4.sin_addr));
    else
        memcpy(&endpoint.v6.sin6_addr, host, sizeof(endpoint.v6.sin6_addr));
    return endpoint_from(&endpoint.any);
}

enum address_result address_parse_port(struct text argument, union endpoint *ret_endpoint)
{
    uint8_t bytes[PORT_FIELDS];
    if (parse_bytes(argument, bytes, PORT_FIELDS) != PORT_FIELDS)
        return ADDRESS_MALFORMED;
    *ret_endpoint = endpoint_of_bytes(AF_INET, bytes, bytes + 4);
    return ADDRESS_OK;
}

enum address_result address_parse_eprt(struct text argument, union endpoint *ret_endpoint)
{
    uint64_t family;
    uint64_t port;
    if (argument.len < 2)
        return ADDRESS_MALFORMED;
    /* RFC 2428 2: any character of 33 to 126 may delimit; "|" is recommended. */
    char delimiter = argument.at[0];
    if (delimiter < 33 || delimiter > 126)
        return ADDRESS_MALFORMED;
    struct text rest = text_after(argument, 1);
    struct text family_text = text_take_until(&rest, delimiter);
    struct text host = text_take_until(&rest, delimiter);
    size_t end = text_find(rest, delimiter);
    if (end + 1 != rest.len || !text_to_number((struct text){rest.at, end}, UINT16_MAX, &port) ||
        !text_to_number(family_text, UINT16_MAX, &family))
        return ADDRESS_MALFORMED;
    if (family != FAMILY_EPRT_V4 && family != FAMILY_EPRT_V6)
        return ADDRESS_UNKNOWN_FAMILY;
    union endpoint endpoint;
    bool colon = text_find(host, ':') != host.len;
    if (!endpoint_parse_host(host, (uint16_t)port, &endpoint) ||
        colon != (family == FAMILY_EPRT_V6))
        return ADDRESS_MALFORMED;
    *ret_endpoint = endpoint;
    return ADDRESS_OK;
}

enum address_result address_parse_lprt(struct text argument, union endpoint *ret_endpoint)
{
    uint8_t bytes[LPRT_FIELDS_MAX];
    size_t count = parse_bytes(argument, bytes, LPRT_FIELDS_MAX);
    if (count < 2)
        return ADDRESS_MALFORMED;
    int family = bytes[0] == FAMILY_LPRT_V4 ? AF_INET : AF_INET6;
    size_t host_len = family == AF_INET ? 4 : 16;
    if (bytes[0] != FAMILY_LPRT_V4 && bytes[0] != FAMILY_LPRT_V6)
        return ADDRESS_UNKNOWN_FAMILY;
    if (bytes[1] != host_len || count != host_len + 5 || bytes[2 + host_len] != 2)
        return ADDRESS_MALFORMED;
    *ret_endpoint = endpoint_of_bytes(family, bytes + 2, bytes + 3 + host_len);
    return ADDRESS_OK;
}

static void put_bytes(struct builder *b, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        builder_put_number(b, bytes[i]);
        builder_put_byte(b, ',');
    }
}

static void put_port_bytes(struct builder *b, uint16_t port)
{
    builder_put_number(b, port >> 8);
    builder_put_byte(b, ',');
    builder_put_number(b, port & 0xFF);
}

void address_put_port(struct builder *b, const union endpoint *endpoint)
{
    put_bytes(b, (const uint8_t *)&endpoint->v4.sin_addr, sizeof(endpoint->v4.sin_addr));
    put_port_bytes(b, endpoint_port(endpoint));
}

void address_put_lprt(struct builder *b, const union endpoint *endpoint)
{
    if (endpoint->any.sa_family == AF_INET) {
        builder_put_string(b, "4,4,");
        put_bytes(b, (const uint8_t *)&endpoint->v4.sin_addr, sizeof(endpoint->v4.sin_addr));
    } else {
        builder_put_string(b, "6,16,");
        put_bytes(b, endpoint->v6.sin6_addr.s6_addr, sizeof(endpoint->v6.sin6_addr));
    }
    builder_put_string(b, "2,");
    put_port_bytes(b, endpoint_port(endpoint));
}

enum address_result address_parse_227(struct text reply, union endpoint *ret_endpoint)
{
    /* Each run of digits and commas is tried; the text around it is free. */
    for (size_t start = 0; start < reply.len; start++) {
        if (!text_is_digit(reply.at[start]))
            continue;
        size_t end = start;
        while (end < reply.len && (text_is_digit(reply.at[end]) || reply.at[end] == ','))
            end++;
        struct text numbers = {reply.at + start, end - start};
        if (address_parse_port(numbers, ret_endpoint) == ADDRESS_OK)
            return ADDRESS_OK;
        start = end;
    }
    return ADDRESS_MALFORMED;
}

enum address_result address_parse_229(struct text reply, uint16_t *ret_port)
{
    uint64_t port;
    struct text rest = text_after(reply, text_find(reply, '(') + 1);
    if (rest.len < 5)
        return ADDRESS_MALFORMED;
    char delimiter = rest.at[0];
    if (rest.at[1] != delimiter || rest.at[2] != delimiter)
        return ADDRESS_MALFORMED;
    rest = text_after(rest, 3);
    struct text number = text_take_until(&rest, delimiter);
    if (!text_to_number(number, UINT16_MAX, &port) || port == 0 || !rest.len || rest.at[0] != ')')
        return ADDRESS_MALFORMED;
    *ret_port = (uint16_t)port;
    return ADDRESS_OK;
}
