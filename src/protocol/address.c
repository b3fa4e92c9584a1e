/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/address.h"

enum {
    PORT_FIELDS = 6,
    LPRT_FIELDS_MAX = 21, /* family, length, 16 of address, length, 2 of port */
    FAMILY_EPRT_V4 = 1,   /* RFC 2428 2: IANA address family numbers */
    FAMILY_EPRT_V6 = 2,
    FAMILY_LPRT_V4 = 4, /* RFC 1639: IP version numbers */
    FAMILY_LPRT_V6 = 6,
    EPSV_MAX = 80, /* a protocol, an address with its zone, a port and their delimiters */
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

void address_put_eprt(struct builder *b, const union endpoint *endpoint)
{
    bool is_v4 = endpoint->any.sa_family == AF_INET;
    builder_put_byte(b, '|');
    builder_put_number(b, is_v4 ? FAMILY_EPRT_V4 : FAMILY_EPRT_V6);
    builder_put_byte(b, '|');
    endpoint_put_host(endpoint, b);
    builder_put_byte(b, '|');
    builder_put_number(b, endpoint_port(endpoint));
    builder_put_byte(b, '|');
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

/* Where a run of spaces that begins at `at` ends. */
static size_t after_spaces(struct text t, size_t at)
{
    while (at < t.len && t.at[at] == ' ')
        at++;
    return at;
}

static size_t after_digits(struct text t, size_t at)
{
    while (at < t.len && text_is_digit(t.at[at]))
        at++;
    return at;
}

/*
 * Takes the next list off `rest`: numbers with a comma between each two, and
 * spaces around it; false when there is none. A list is taken whole: the end of
 * a longer one is no address. A comma behind the last number is the sentence's.
 */
static bool take_list(struct text *rest, struct text *ret_list)
{
    size_t start = 0;
    while (start < rest->len && !text_is_digit(rest->at[start]))
        start++;
    size_t end = after_digits(*rest, start);
    for (;;) {
        size_t comma = after_spaces(*rest, end);
        if (comma == rest->len || rest->at[comma] != ',')
            break;
        size_t number = after_spaces(*rest, comma + 1);
        size_t number_end = after_digits(*rest, number);
        if (number_end == number)
            break;
        end = number_end;
    }
    *ret_list = (struct text){rest->at + start, end - start};
    *rest = text_after(*rest, end);
    return ret_list->len > 0;
}

/* The first list of the reply that `parse` takes and that has a port. */
static enum address_result parse_lists(struct text reply,
                                       enum address_result (*parse)(struct text, union endpoint *),
                                       union endpoint *ret_endpoint)
{
    enum address_result worst = ADDRESS_MALFORMED;
    struct text list;
    while (take_list(&reply, &list)) {
        union endpoint endpoint;
        enum address_result result = parse(list, &endpoint);
        if (result == ADDRESS_OK && endpoint_port(&endpoint)) {
            *ret_endpoint = endpoint;
            return ADDRESS_OK;
        }
        /* A number in the text around it reads like a list of a family that nobody knows. */
        if (result == ADDRESS_UNKNOWN_FAMILY)
            worst = result;
    }
    return worst;
}

enum address_result address_parse_227(struct text reply, union endpoint *ret_endpoint)
{
    return parse_lists(reply, address_parse_port, ret_endpoint);
}

enum address_result address_parse_228(struct text reply, union endpoint *ret_endpoint)
{
    return parse_lists(reply, address_parse_lprt, ret_endpoint);
}

/* `t` begins behind a parenthesis: RFC 2428 3, "<d><d><d><tcp-port><d>)". */
static bool parse_epsv(struct text t, uint16_t *ret_port)
{
    uint64_t port;
    if (!t.len || t.at[0] < 33 || t.at[0] > 126)
        return false;
    const char delimiter = t.at[0];
    struct text rest = text_after(t, 1);
    (void)text_take_until(&rest, delimiter); /* the protocol */
    (void)text_take_until(&rest, delimiter); /* the address */
    struct text number = text_take_until(&rest, delimiter);
    if (!text_to_number(number, UINT16_MAX, &port) || !port || !rest.len || rest.at[0] != ')')
        return false;
    *ret_port = (uint16_t)port;
    return true;
}

enum address_result address_parse_229(struct text reply, uint16_t *ret_port)
{
    while (reply.len) {
        (void)text_take_until(&reply, '(');
        /* What is in the parentheses is short: reading stays linear however many there are. */
        size_t len = reply.len < EPSV_MAX ? reply.len : EPSV_MAX;
        if (parse_epsv((struct text){reply.at, len}, ret_port))
            return ADDRESS_OK;
    }
    return ADDRESS_MALFORMED;
}
