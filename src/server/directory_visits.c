/* SPDX-License-Identifier: Apache-2.0 */
#include "server/directory_visits.h"

#include "base/memory.h"

enum {
    VISITS_MAX = 100000,
    VISITS_BYTES_MAX = 16 * 1024 * 1024,
};

void visit_free(struct visit *visit)
{
    if (!visit)
        return;
    memory_free(visit->path);
    memory_free(visit->shown);
    memory_free(visit);
}

enum fault visits_add(struct visits *visits, struct visit **place, struct text path,
                      struct text shown, struct visit ***ret_next)
{
    size_t bytes = path.len + shown.len + sizeof(struct visit);
    if (visits->count >= VISITS_MAX || visits->bytes + bytes > VISITS_BYTES_MAX)
        return FAULT_LISTING_TOO_LARGE;
    struct visit *visit = memory_new(sizeof(*visit));
    if (!visit)
        return FAULT_NO_MEMORY;
    visit->path = memory_copy(path.at, path.len);
    visit->shown = memory_copy(shown.at, shown.len);
    if (!visit->path || !visit->shown) {
        visit_free(visit);
        return FAULT_NO_MEMORY;
    }
    visit->next = *place;
    *place = visit;
    visits->count++;
    visits->bytes += bytes;
    if (ret_next)
        *ret_next = &visit->next;
    return FAULT_NONE;
}

bool visit_is_out_of_reach(enum fault f)
{
    return f == FAULT_NOT_FOUND || f == FAULT_NOT_DIRECTORY || f == FAULT_DENIED ||
           f == FAULT_LINK_LOOP;
}

struct visit *visits_take(struct visits *visits)
{
    struct visit *visit = visits->first;
    visits->first = visit->next;
    visits->count--;
    visits->bytes -= strlen(visit->path) + strlen(visit->shown) + sizeof(*visit);
    visit->next = NULL;
    return visit;
}

void visits_clear(struct visits *visits)
{
    while (visits->first)
        visit_free(visits_take(visits));
}
