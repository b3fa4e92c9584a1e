/* SPDX-License-Identifier: Apache-2.0 */
/* client/name_map: ntrans' two halves, nmap's two patterns and a name, each on its line. */
#include "client/name_map.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char bytes[NAME_MAP_NAME_MAX + 1];
    struct text rest = {(const char *)data, size};
    struct name_map map = {0};
    struct text from = text_take_until(&rest, '\n');
    struct text to = text_take_until(&rest, '\n');
    struct text in = text_take_until(&rest, '\n');
    struct text out = text_take_until(&rest, '\n');
    bool has_letters = name_map_set_letters(&map, from, to) && from.len;
    bool has_patterns = !name_map_set_patterns(&map, in, out) && in.len;
    PROMISE(has_letters == (map.from_len != 0) && has_patterns == (map.in_len != 0));
    for (int lowers = 0; lowers < 2; lowers++) {
        struct builder b = builder_on(bytes, sizeof(bytes));
        builder_put_byte(&b, '>');
        bool is_mapped = name_map_put(&map, lowers, rest, &b);
        PROMISE(bytes[0] == '>' && (is_mapped || b.len == 1));
        PROMISE(!is_mapped || b.len > 1 || !rest.len);
        if (is_mapped && !has_letters && !has_patterns && !lowers)
            PROMISE(text_equal(text_after(builder_text(&b), 1), rest));
    }
    return 0;
}
