/* SPDX-License-Identifier: Apache-2.0 */
#include "server/directory_pattern.h"

#include "base/memory.h"
#include "base/pattern.h"
#include "protocol/pathname.h"

/* One directory that the part of a pattern read so far stands for. */
static enum fault extend_by_name(struct visits *visits, struct visit **place,
                                 const struct visit *from, struct text part,
                                 struct visit ***ret_next)
{
    char path[PATHNAME_MAX + 2];
    char shown[PATHNAME_MAX + 2];
    struct builder path_builder = builder_on(path, sizeof(path));
    struct builder shown_builder = builder_on(shown, sizeof(shown));
    if (!pathname_resolve(text_of(from->path), part, &path_builder))
        return FAULT_NAME_INVALID;
    builder_put_string(&shown_builder, from->shown);
    builder_put(&shown_builder, part);
    builder_put_byte(&shown_builder, '/');
    if (shown_builder.full)
        return FAULT_NAME_INVALID;
    return visits_add(visits, place, builder_text(&path_builder), builder_text(&shown_builder),
                      ret_next);
}

static enum fault extend_by_pattern(const struct directory_request *request, struct visits *visits,
                                    struct visit ***place, const struct visit *from,
                                    struct text part)
{
    struct gate_directory directory = {NULL};
    struct text name;
    enum store_kind kind;
    enum fault f = gate_open_directory(request->caller, from->path, &directory);
    while (!f) {
        f = directory_is_cancelled(request) ? FAULT_CANCELLED : gate_next(&directory, &name, &kind);
        if (f || !name.len)
            break;
        if ((kind == STORE_DIRECTORY || kind == STORE_LINK || kind == STORE_UNKNOWN) &&
            pattern_match(part, name))
            f = extend_by_name(visits, *place, from, name, place);
    }
    gate_close_directory(&directory);
    return visit_is_out_of_reach(f) ? FAULT_NONE : f;
}

/* Replaces every visit by those that the next part of the pattern makes of it. */
static enum fault extend_all(const struct directory_request *request, struct visits *visits,
                             struct text part)
{
    struct visits before = *visits;
    struct visit **place = &visits->first;
    enum fault f = FAULT_NONE;
    *visits = (struct visits){NULL, 0, 0};
    while (before.first) {
        struct visit *from = visits_take(&before);
        if (!f && pattern_has_wildcard(part))
            f = extend_by_pattern(request, visits, &place, from, part);
        else if (!f)
            f = extend_by_name(visits, place, from, part, &place);
        visit_free(from);
    }
    return f;
}

enum fault pattern_expand(const struct directory_request *request, struct visits *visits,
                          char **ret_last)
{
    struct text rest = request->name;
    bool absolute = rest.len && rest.at[0] == '/';
    enum fault f = visits_add(visits, &visits->first, absolute ? TEXT("/") : request->directory,
                              absolute ? TEXT("/") : TEXT(""), NULL);
    while (!f) {
        struct text part = text_take_until(&rest, '/');
        if (part.len > PATHNAME_PART_MAX)
            return FAULT_NAME_INVALID;
        if (!rest.len) {
            *ret_last = memory_copy(part.at, part.len);
            return *ret_last ? FAULT_NONE : FAULT_NO_MEMORY;
        }
        if (part.len)
            f = extend_all(request, visits, part);
    }
    return f;
}
