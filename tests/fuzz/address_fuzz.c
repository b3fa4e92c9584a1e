/* SPDX-License-Identifier: Apache-2.0 */
/* protocol/address: what is read is written back as what reads the same. */
#include "protocol/address.h"
#include "tests/fuzz/fuzz.h"

static void check_same(const union endpoint *a, const union endpoint *b)
{
    PROMISE(endpoint_port(a) == endpoint_port(b));
    PROMISE(endpoint_same_host(a, b));
}

static void check_written(const union endpoint *e)
{
    char bytes[160];
    union endpoint back;
    struct builder b = builder_on(bytes, sizeof(bytes));
    address_put_lprt(&b, e);
    PROMISE(!b.full && address_parse_lprt(builder_text(&b), &back) == ADDRESS_OK);
    check_same(e, &back);
    PROMISE((address_parse_228(builder_text(&b), &back) == ADDRESS_OK) == (endpoint_port(e) != 0));
    if (e->any.sa_family != AF_INET)
        return;
    b = builder_on(bytes, sizeof(bytes));
    address_put_port(&b, e);
    PROMISE(!b.full && address_parse_port(builder_text(&b), &back) == ADDRESS_OK);
    check_same(e, &back);
    if (endpoint_port(e)) {
        PROMISE(address_parse_227(builder_text(&b), &back) == ADDRESS_OK);
        check_same(e, &back);
    } else {
        PROMISE(address_parse_227(builder_text(&b), &back) == ADDRESS_MALFORMED);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text input = {(const char *)data, size};
    union endpoint e;
    uint16_t port;
    if (address_parse_port(input, &e) == ADDRESS_OK)
        check_written(&e);
    if (address_parse_eprt(input, &e) == ADDRESS_OK)
        check_written(&e);
    if (address_parse_lprt(input, &e) == ADDRESS_OK)
        check_written(&e);
    if (address_parse_227(input, &e) == ADDRESS_OK) {
        PROMISE(e.any.sa_family == AF_INET && endpoint_port(&e));
        check_written(&e);
    }
    if (address_parse_228(input, &e) == ADDRESS_OK) {
        PROMISE(endpoint_port(&e));
        check_written(&e);
    }
    if (address_parse_229(input, &port) == ADDRESS_OK)
        PROMISE(port != 0);
    return 0;
}
