/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/marker.h"

bool marker_is_valid(struct text marker)
{
    if (!marker.len || marker.len > MARKER_MAX)
        return false;
    for (size_t i = 0; i < marker.len; i++)
        if (marker.at[i] <= ' ' || marker.at[i] > '~')
            return false;
    return true;
}

/* ---- Sending ------------------------------------------------------------- */

void marker_put_position(struct builder *b, const struct marker_position *position)
{
    builder_put_number(b, position->bytes);
    if (position->records) {
        builder_put_byte(b, '.');
        builder_put_number(b, position->records);
    }
}

bool marker_parse_position(struct text marker, struct marker_position *ret_position)
{
    struct marker_position position = {0};
    struct text records = marker;
    struct text bytes = text_take_until(&records, '.');
    bool has_records = bytes.len < marker.len;
    if (!text_to_number(bytes, INT64_MAX, &position.bytes) ||
        (has_records && !text_to_number(records, INT64_MAX, &position.records)))
        return false;
    *ret_position = position;
    return true;
}

/* ---- Receiving ----------------------------------------------------------- */

void marker_put_kept(struct builder *b, const struct marker_kept *kept)
{
    builder_put_byte(b, kept->appends ? 'A' : 'S');
    builder_put_number(b, kept->bytes);
    if (kept->annex_bytes) {
        builder_put_byte(b, '.');
        builder_put_number(b, kept->annex_bytes);
    }
    if (kept->state.len) {
        builder_put_byte(b, '-');
        builder_put(b, kept->state);
    }
    builder_put_byte(b, '@');
    builder_put_hex(b, kept->id);
}

static bool parse_id(struct text hex, uint64_t *ret_id)
{
    uint64_t id = 0;
    if (!hex.len || hex.len > 16)
        return false;
    for (size_t i = 0; i < hex.len; i++) {
        size_t digit = text_find(TEXT("0123456789abcdef"), hex.at[i]);
        if (digit > 15)
            return false;
        id = id << 4 | digit;
    }
    *ret_id = id;
    return true;
}

bool marker_parse_kept(struct text marker, struct marker_kept *ret_kept)
{
    struct marker_kept kept = {0};
    if (!marker_is_valid(marker) || (marker.at[0] != 'S' && marker.at[0] != 'A'))
        return false;
    kept.appends = marker.at[0] == 'A';
    size_t at = text_find_last(marker, '@');
    if (at == marker.len || !parse_id(text_after(marker, at + 1), &kept.id))
        return false;
    kept.state = (struct text){marker.at + 1, at - 1};
    struct text annex = text_take_until(&kept.state, '-');
    size_t numbers = annex.len;
    struct text bytes = text_take_until(&annex, '.');
    bool has_annex = bytes.len < numbers;
    if (kept.state.len > MARKER_STATE_MAX || !text_to_number(bytes, INT64_MAX, &kept.bytes) ||
        (has_annex && !text_to_number(annex, INT64_MAX, &kept.annex_bytes)))
        return false;
    *ret_kept = kept;
    return true;
}
