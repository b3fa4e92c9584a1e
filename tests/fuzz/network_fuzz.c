/* SPDX-License-Identifier: Apache-2.0 */
/* base/endpoint: a network is written as it is read. */
#include "base/endpoint.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct endpoint_network network;
    if (!endpoint_parse_network((struct text){(const char *)data, size}, &network))
        return 0;
    PROMISE(network.bits <= 128);
    char bytes[2 * ENDPOINT_TEXT_SIZE];
    struct endpoint_network again;
    struct builder b = builder_on(bytes, sizeof(bytes));
    endpoint_put_network(&network, &b);
    PROMISE(!b.full && endpoint_parse_network(builder_text(&b), &again));
    PROMISE(again.bits == network.bits &&
            memcmp(again.bytes, network.bytes, sizeof(again.bytes)) == 0);
    return 0;
}
