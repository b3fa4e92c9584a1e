/* SPDX-License-Identifier: Apache-2.0 */
/* base/pattern: whatever the pattern, an answer that keeps to what its parts promise. */
#include "base/pattern.h"
#include "tests/fuzz/fuzz.h"

static bool is_plain(struct text pattern)
{
    return !pattern_has_wildcard(pattern) && text_find(pattern, '\\') == pattern.len;
}

static void check_name(struct text pattern, struct text name)
{
    bool fits = pattern_fits_name(pattern, name, false);
    if (pattern_match(pattern, name))
        PROMISE(fits);
    if (is_plain(pattern)) {
        PROMISE(fits == text_equal(pattern, name));
        PROMISE(!fits || pattern_fits_name(pattern, name, true));
    }
}

/* One normal part: what the pattern says of the name, it says of the path that is the name. */
static void check_path(char *bytes, struct text pattern, struct text name)
{
    struct builder b = builder_on(bytes, pattern.len + name.len + 2);
    builder_put_byte(&b, '/');
    builder_put(&b, pattern);
    builder_put_byte(&b, '/');
    builder_put(&b, name);
    struct text path_pattern = {bytes, pattern.len + 1};
    struct text path = {bytes + pattern.len + 1, name.len + 1};
    bool fits = pattern_fits_path(path_pattern, path, true);
    bool is_single = name.len && text_find(name, '/') == name.len && pattern.len &&
                     text_find(pattern, '/') == pattern.len;
    if (is_single)
        PROMISE(fits == pattern_fits_name(pattern, name, true));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text name = {(const char *)data, size};
    struct text pattern = text_take_until(&name, '\n');
    char *bytes = malloc(size + 2);
    if (!bytes)
        return 0;
    check_name(pattern, name);
    check_path(bytes, pattern, name);
    free(bytes);
    return 0;
}
