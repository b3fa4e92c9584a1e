/* SPDX-License-Identifier: Apache-2.0 */
#include "client/filter.h"

#include "base/memory.h"
#include "base/pattern.h"

enum { FIRST_ROOM = 8 };

struct filter_rule {
    char *bytes; /* owned: what pattern is in */
    struct text pattern;
    bool includes;
    bool is_of_path; /* then the pattern begins with a slash */
    bool is_of_directories;
};

struct filter {
    struct filter_rule *rules; /* owned */
    size_t count;
    size_t room;
};

enum fault filter_new(struct filter **ret_filter)
{
    struct filter *filter = memory_new(sizeof(*filter));
    if (!filter)
        return FAULT_NO_MEMORY;
    *ret_filter = filter;
    return FAULT_NONE;
}

void filter_free(struct filter *filter)
{
    if (!filter)
        return;
    for (size_t i = 0; i < filter->count; i++)
        memory_free(filter->rules[i].bytes);
    memory_free(filter->rules);
    memory_free(filter);
}

/* ---- Rules --------------------------------------------------------------------------- */

static enum fault reserve(struct filter *filter)
{
    if (filter->count >= FILTER_RULES_MAX)
        return FAULT_TOO_LARGE;
    if (filter->count < filter->room)
        return FAULT_NONE;
    size_t room = filter->room ? filter->room * 2 : FIRST_ROOM;
    struct filter_rule *rules = memory_resize(filter->rules, room, sizeof(*rules));
    if (!rules)
        return FAULT_NO_MEMORY;
    filter->rules = rules;
    filter->room = room;
    return FAULT_NONE;
}

static bool is_part(struct text part)
{
    bool is_dots = text_equal(part, TEXT(".")) || text_equal(part, TEXT(".."));
    return part.len && !is_dots && text_find(part, '\0') == part.len && pattern_is_whole(part);
}

/* A pattern is matched part by part: a set or an escaped character cannot hold a slash. */
static bool has_good_parts(struct text pattern)
{
    for (;;) {
        size_t slash = text_find(pattern, '/');
        if (!is_part((struct text){pattern.at, slash}))
            return false;
        if (slash == pattern.len)
            return true;
        pattern = text_after(pattern, slash + 1);
    }
}

enum fault filter_add(struct filter *filter, bool includes, struct text pattern)
{
    struct filter_rule rule = {.includes = includes};
    if (pattern.len > FILTER_PATTERN_MAX)
        return FAULT_TOO_LARGE;
    rule.is_of_directories = pattern.len && pattern.at[pattern.len - 1] == '/';
    if (rule.is_of_directories)
        pattern.len--;
    rule.is_of_path = text_find(pattern, '/') < pattern.len;
    if (rule.is_of_path && pattern.at[0] == '/')
        pattern = text_after(pattern, 1);
    if (!has_good_parts(pattern))
        return FAULT_ARGUMENT;
    enum fault f = reserve(filter);
    if (f)
        return f;
    const size_t size = pattern.len + 1;
    rule.bytes = memory_new(size);
    if (!rule.bytes)
        return FAULT_NO_MEMORY;
    struct builder b = builder_on(rule.bytes, size);
    if (rule.is_of_path)
        builder_put_byte(&b, '/');
    builder_put(&b, pattern);
    rule.pattern = builder_text(&b);
    filter->rules[filter->count++] = rule;
    return FAULT_NONE;
}

static enum fault add_line(struct filter *filter, struct text line)
{
    if (line.len && line.at[line.len - 1] == '\r') /* an editor of Windows */
        line.len--;
    if (!line.len || line.at[0] == '#')
        return FAULT_NONE;
    bool includes = text_starts_with(line, TEXT("+ "));
    if (!includes && !text_starts_with(line, TEXT("- ")))
        return FAULT_ARGUMENT;
    return filter_add(filter, includes, text_after(line, 2));
}

enum fault filter_add_file(struct filter *filter, struct text content, size_t *ret_line)
{
    for (size_t line = 1; content.len; line++) {
        enum fault f = add_line(filter, text_take_until(&content, '\n'));
        if (f) {
            *ret_line = line;
            return f;
        }
    }
    return FAULT_NONE;
}

/* ---- Asking ---------------------------------------------------------------------------- */

static bool fits(const struct filter_rule *rule, struct text path, struct text name,
                 bool is_directory)
{
    if (rule->is_of_directories && !is_directory)
        return false;
    return rule->is_of_path ? pattern_fits_path(rule->pattern, path, false)
                            : pattern_fits_name(rule->pattern, name, false);
}

bool filter_takes(const struct filter *filter, const char *path, bool is_directory)
{
    char absolute[1 + FILTER_PATH_MAX];
    struct builder b = builder_on(absolute, sizeof(absolute));
    if (!filter || !filter->count || !path[0])
        return true;
    builder_put_byte(&b, '/'); /* pattern_fits_path wants it */
    builder_put_string(&b, path);
    if (b.full)
        return false;
    struct text whole = builder_text(&b);
    struct text name = text_after(whole, text_find_last(whole, '/') + 1);
    for (size_t i = 0; i < filter->count; i++)
        if (fits(&filter->rules[i], whole, name, is_directory))
            return filter->rules[i].includes;
    return true;
}
