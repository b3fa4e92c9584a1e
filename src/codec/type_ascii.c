/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/type_ascii.h"

size_t type_ascii_send(struct type_ascii *state, struct text in, char *out, size_t size,
                       size_t *ret_len)
{
    size_t used = 0;
    size_t made = 0;
    while (used < in.len && made < size) {
        /* All up to the next LF goes out as it is. */
        struct text rest = text_after(in, used);
        size_t run = rest.len < size - made ? rest.len : size - made;
        run = text_find((struct text){rest.at, run}, '\n');
        memcpy(out + made, rest.at, run);
        used += run;
        made += run;
        if (run)
            state->after_cr = false;
        if (used == in.len || made == size || in.at[used] != '\n')
            continue;
        if (size - made < 2)
            break;
        if (!state->after_cr)
            out[made++] = '\r';
        out[made++] = '\n';
        used++;
        state->after_cr = false;
    }
    *ret_len = made;
    return used;
}

size_t type_ascii_receive(struct type_ascii *state, struct text in, char *out, size_t size,
                          size_t *ret_len)
{
    size_t used = 0;
    size_t made = 0;
    while (used < in.len && made < size) {
        if (state->after_cr) {
            /* The CR held back was data unless this is its LF. */
            state->after_cr = false;
            if (in.at[used] != '\n') {
                out[made++] = '\r';
                continue;
            }
        }
        struct text rest = text_after(in, used);
        size_t run = rest.len < size - made ? rest.len : size - made;
        run = text_find((struct text){rest.at, run}, '\r');
        memcpy(out + made, rest.at, run);
        used += run;
        made += run;
        if (used < in.len && made < size && in.at[used] == '\r') {
            state->after_cr = true;
            used++;
        }
    }
    *ret_len = made;
    return used;
}

size_t type_ascii_receive_end(struct type_ascii *state, char *out)
{
    if (!state->after_cr)
        return 0;
    state->after_cr = false;
    out[0] = '\r';
    return 1;
}

size_t type_ascii_measure(struct type_ascii *state, struct text in, uint64_t *wire_left)
{
    size_t used = 0;
    while (used < in.len && *wire_left) {
        struct text rest = text_after(in, used);
        size_t run = rest.len < *wire_left ? rest.len : (size_t)*wire_left;
        run = text_find((struct text){rest.at, run}, '\n');
        used += run;
        *wire_left -= run;
        if (used == in.len || !*wire_left || in.at[used] != '\n')
            continue;
        if (*wire_left == 1) {
            *wire_left = 0;
            state->after_cr = true;
            break;
        }
        *wire_left -= 2;
        used++;
    }
    return used;
}
