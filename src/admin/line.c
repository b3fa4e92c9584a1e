/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/line.h"

#include <string.h>
#include <sys/socket.h>

#include "base/memory.h"

/* Not memory_resize, which may leave a copy of a secret behind. */
char *line_room(struct line_buffer *line, size_t count, size_t max)
{
    if (line->len + count > max)
        return NULL;
    if (line->len + count > line->size) {
        size_t size = line->size * 2 > line->len + count ? line->size * 2 : line->len + count;
        char *grown = memory_new(size);
        if (!grown)
            return NULL;
        if (line->len)
            memcpy(grown, line->bytes, line->len);
        memory_free_secret(line->bytes, line->size);
        line->bytes = grown;
        line->size = size;
    }
    return line->bytes + line->len;
}

struct text line_first(const struct line_buffer *line)
{
    struct text all = {line->bytes, line->len};
    size_t end = text_find(all, '\n');
    return (struct text){line->bytes, end < all.len ? end + 1 : 0};
}

void line_drop(struct line_buffer *line, size_t count)
{
    size_t rest = line->len - count;
    memmove(line->bytes, line->bytes + count, rest);
    explicit_bzero(line->bytes + rest, count);
    line->len = rest;
}

enum fault line_write(struct line_buffer *line, const json_t *value)
{
    size_t len = json_dumpb(value, NULL, 0, JSON_COMPACT);
    char *room = len ? line_room(line, len + 1, SIZE_MAX) : NULL;
    if (!room || json_dumpb(value, room, len, JSON_COMPACT) != len)
        return FAULT_NO_MEMORY;
    room[len] = '\n';
    line->len += len + 1;
    return FAULT_NONE;
}

void line_free(struct line_buffer *line)
{
    memory_free_secret(line->bytes, line->size);
    *line = (struct line_buffer){0};
}

bool line_address(const char *path, struct sockaddr_un *ret_address)
{
    size_t len = strlen(path);
    if (!len || len >= sizeof(ret_address->sun_path))
        return false;
    *ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(ret_address->sun_path, path, len + 1);
    return true;
}
