/* SPDX-License-Identifier: Apache-2.0 */
#include "client/name_map.h"

enum { VARIABLES = 10 /* $0 is the whole name */ };

/* ---- Setting ------------------------------------------------------------------------- */

static size_t keep(char *place, size_t size, struct text t)
{
    struct builder b = builder_on(place, size);
    builder_put(&b, t);
    return b.len;
}

bool name_map_set_letters(struct name_map *map, struct text from, struct text to)
{
    if (from.len > sizeof(map->from) || to.len > sizeof(map->to))
        return false;
    map->from_len = keep(map->from, sizeof(map->from), from);
    map->to_len = keep(map->to, sizeof(map->to), from.len ? to : TEXT(""));
    return true;
}

/* Does each [ have its ], and each \ what it stands before? */
static const char *check_out(struct text out)
{
    bool is_inside = false;
    for (size_t i = 0; i < out.len; i++) {
        if (out.at[i] == '\\') {
            if (++i == out.len)
                return "nothing stands behind the \\ at the end";
        } else if (out.at[i] == '[' && is_inside) {
            return "a [ stands within another one";
        } else if (out.at[i] == '[') {
            is_inside = true;
        } else if (out.at[i] == ']') {
            is_inside = false;
        }
    }
    return is_inside ? "a [ has no ]" : NULL;
}

const char *name_map_set_patterns(struct name_map *map, struct text in, struct text out)
{
    if (in.len > sizeof(map->in) || out.len > sizeof(map->out))
        return "the pattern is too long";
    if (!in.len != !out.len)
        return "one pattern takes names apart, another one puts them together";
    const char *why = check_out(out);
    if (why)
        return why;
    map->in_len = keep(map->in, sizeof(map->in), in);
    map->out_len = keep(map->out, sizeof(map->out), out);
    return NULL;
}

/* ---- case, ntrans -------------------------------------------------------------------- */

static bool is_small(char c)
{
    return c >= 'a' && c <= 'z';
}

static void put_lowered(struct builder *b, struct text name)
{
    bool is_mixed = false;
    for (size_t i = 0; i < name.len; i++)
        is_mixed = is_mixed || is_small(name.at[i]);
    for (size_t i = 0; i < name.len; i++) {
        bool changes = !is_mixed && name.at[i] >= 'A' && name.at[i] <= 'Z';
        builder_put_byte(b, changes ? (char)(name.at[i] - 'A' + 'a') : name.at[i]);
    }
}

static struct text take_character(struct text *rest)
{
    size_t len = text_utf8_len(*rest);
    struct text character = {rest->at, len ? len : 1};
    *rest = text_after(*rest, character.len);
    return character;
}

/* What ntrans makes of a character; empty: it is left out. */
static struct text translate(const struct name_map *map, struct text character)
{
    struct text from = {map->from, map->from_len};
    struct text to = {map->to, map->to_len};
    while (from.len) {
        struct text becomes = to.len ? take_character(&to) : TEXT("");
        if (text_equal(take_character(&from), character))
            return becomes;
    }
    return character;
}

static void put_translated(const struct name_map *map, struct builder *b, struct text name)
{
    while (name.len)
        builder_put(b, translate(map, take_character(&name)));
}

/* ---- nmap ----------------------------------------------------------------------------- */

/* Is a variable what the pattern goes on with? */
static bool is_variable(struct text pattern)
{
    return pattern.len > 1 && pattern.at[0] == '$' && text_is_digit(pattern.at[1]);
}

/* The next byte of a pattern that stands for itself; false at the end. */
static bool take_literal(struct text *pattern, char *ret_byte)
{
    if (!pattern->len)
        return false;
    if (pattern->at[0] == '\\' && pattern->len > 1)
        *pattern = text_after(*pattern, 1);
    *ret_byte = pattern->at[0];
    *pattern = text_after(*pattern, 1);
    return true;
}

/* What stands up to the byte that the pattern goes on with, up to the end where that is none. */
static struct text take_part(struct text *name, struct text pattern)
{
    char stop;
    size_t len = name->len;
    if (!is_variable(pattern) && take_literal(&pattern, &stop))
        len = text_find(*name, stop);
    struct text part = {name->at, len};
    *name = text_after(*name, len);
    return part;
}

/* ftp(1): "$1.$2" makes of "mydata.data" "mydata" and "data". */
static void take_apart(struct text pattern, struct text name, struct text parts[VARIABLES])
{
    struct text rest = name;
    size_t last = 0;
    char literal;
    bool fits = true;
    for (size_t i = 1; i < VARIABLES; i++)
        parts[i] = TEXT("");
    parts[0] = name;
    while (fits && pattern.len && rest.len) {
        if (is_variable(pattern) && pattern.at[1] != '0') {
            last = (size_t)(pattern.at[1] - '0');
            pattern = text_after(pattern, 2);
            parts[last] = take_part(&rest, pattern);
        } else {
            fits = take_literal(&pattern, &literal) && literal == rest.at[0];
            rest = text_after(rest, fits ? 1 : 0);
        }
    }
    if (!fits && last) /* as all of them do: what went before a mismatch counts for nothing */
        parts[last] = TEXT("");
}

/* Up to a byte of `ends` that no backslash stands before, or to the end. */
static struct text take_until_any(struct text *rest, struct text ends)
{
    size_t i = 0;
    while (i < rest->len && text_find(ends, rest->at[i]) == ends.len)
        i += rest->at[i] == '\\' ? 2 : 1;
    struct text taken = {rest->at, i < rest->len ? i : rest->len};
    *rest = text_after(*rest, taken.len);
    return taken;
}

static void put_sequence(struct builder *b, struct text sequence,
                         const struct text parts[VARIABLES])
{
    char literal;
    while (sequence.len) {
        if (is_variable(sequence)) {
            builder_put(b, parts[sequence.at[1] - '0']);
            sequence = text_after(sequence, 2);
        } else if (take_literal(&sequence, &literal)) {
            builder_put_byte(b, literal);
        }
    }
}

/* Behind a "[": the first of the sequences that gives something, and past the "]". */
static void put_first(struct builder *b, struct text *rest, const struct text parts[VARIABLES])
{
    size_t before = b->len;
    bool is_over = false;
    while (!is_over && rest->len) {
        struct text sequence = take_until_any(rest, TEXT(",]"));
        if (b->len == before)
            put_sequence(b, sequence, parts);
        is_over = rest->len && rest->at[0] == ']';
        *rest = text_after(*rest, 1);
    }
}

static void put_mapped(const struct name_map *map, struct builder *b, struct text name)
{
    struct text parts[VARIABLES];
    struct text rest = {map->out, map->out_len};
    take_apart((struct text){map->in, map->in_len}, name, parts);
    while (rest.len) {
        put_sequence(b, take_until_any(&rest, TEXT("[")), parts);
        if (!rest.len)
            break;
        rest = text_after(rest, 1);
        put_first(b, &rest, parts);
    }
}

/* ---- All of it ------------------------------------------------------------------------ */

bool name_map_put(const struct name_map *map, bool lowers, struct text name, struct builder *b)
{
    char bytes[2][NAME_MAP_NAME_MAX];
    struct builder first = builder_on(bytes[0], sizeof(bytes[0]));
    struct builder second = builder_on(bytes[1], sizeof(bytes[1]));
    if (lowers)
        put_lowered(&first, name);
    else
        builder_put(&first, name);
    if (map->from_len)
        put_translated(map, &second, builder_text(&first));
    else
        builder_put(&second, builder_text(&first));
    bool was_full = first.full || second.full;
    first = builder_on(bytes[0], sizeof(bytes[0]));
    if (map->in_len)
        put_mapped(map, &first, builder_text(&second));
    struct text result = first.len ? builder_text(&first) : builder_text(&second);
    if (was_full || first.full)
        return false;
    size_t before = b->len;
    builder_put(b, result.len ? result : name);
    return b->len > before || !name.len;
}

bool name_map_put_unique(struct text name, bool (*is_taken)(void *owner, const char *name),
                         void *owner, struct builder *b)
{
    char bytes[NAME_MAP_NAME_MAX + sizeof(".99")];
    for (unsigned number = 0; number <= NAME_MAP_UNIQUE_MAX; number++) {
        struct builder candidate = builder_on(bytes, sizeof(bytes));
        builder_put(&candidate, name);
        if (number) {
            builder_put_byte(&candidate, '.');
            builder_put_number(&candidate, number);
        }
        builder_end(&candidate);
        if (candidate.full)
            return false;
        if (is_taken(owner, bytes))
            continue;
        size_t before = b->len;
        builder_put(b, builder_text(&candidate));
        return b->len > before;
    }
    return false;
}
