/* SPDX-License-Identifier: Apache-2.0 */
#include "client/kept_lines.h"

#include <stdio.h>

static enum fault tell(const char *path, const char *why, enum fault f,
                       char message[KEPT_MESSAGE_SIZE])
{
    (void)snprintf(message, KEPT_MESSAGE_SIZE, "%s: %s", path, why);
    return f;
}

static enum fault check(const struct kept_lines *lines, const struct kept_file *file,
                        char message[KEPT_MESSAGE_SIZE])
{
    const struct kept_lines_kind *kind = lines->kind;
    struct text rest = kept_file_text(file);
    bool is_secret = false;
    if (!file->is_trusted)
        return tell(lines->path, "it is not yours, or others can write it: chmod go-w",
                    FAULT_DENIED, message);
    for (size_t number = 1; rest.len; number++) {
        struct text line = text_take_until(&rest, '\n');
        if (!kind->is_right(line)) {
            (void)snprintf(message, KEPT_MESSAGE_SIZE, "%s:%zu: not %s", lines->path, number,
                           kind->form);
            return FAULT_ARGUMENT;
        }
        is_secret = is_secret || (kind->is_secret && kind->is_secret(line));
    }
    if (is_secret && !file->is_private)
        return tell(lines->path, "others can read it, and it has passwords: chmod 600",
                    FAULT_DENIED, message);
    return FAULT_NONE;
}

static enum fault read_again(struct kept_lines *lines, char message[KEPT_MESSAGE_SIZE])
{
    struct kept_file file = {.bytes = NULL};
    enum fault f = kept_file_read(lines->path, &file);
    if (f && f != FAULT_NOT_FOUND)
        return tell(lines->path, fault_text(f), f, message);
    f = f ? FAULT_NONE : check(lines, &file, message);
    if (f) {
        kept_file_done(&file);
        return f;
    }
    kept_file_done(&lines->file);
    lines->file = file;
    return FAULT_NONE;
}

enum fault kept_lines_open(struct kept_lines *lines, const struct kept_lines_kind *kind,
                           const char *path, char message[KEPT_MESSAGE_SIZE])
{
    *lines = (struct kept_lines){.kind = kind};
    struct builder b = builder_on(lines->path, sizeof(lines->path));
    builder_put_string(&b, path);
    builder_end(&b);
    enum fault f = b.full ? FAULT_NAME_INVALID : FAULT_NONE;
    if (!path)
        f = kept_file_path(kind->name, lines->path);
    if (f)
        return tell(kind->name, fault_text(f), f, message);
    return read_again(lines, message);
}

void kept_lines_close(struct kept_lines *lines)
{
    kept_file_done(&lines->file);
}

struct change {
    const struct kept_lines *lines; /* borrowed: kept_lines_change's, as all below */
    bool (*is_old)(const void *context, struct text line);
    const void *context;
    struct text added;
    char *message;
};

static enum fault put_changed(void *context, const struct kept_file *file, struct builder *b)
{
    const struct change *change = context;
    struct text rest = kept_file_text(file);
    bool has_changed = change->added.len != 0;
    enum fault f = check(change->lines, file, change->message);
    while (!f && rest.len) {
        struct text line = text_take_until(&rest, '\n');
        if (change->is_old(change->context, line)) {
            has_changed = true;
            continue;
        }
        builder_put(b, line);
        builder_put_byte(b, '\n');
    }
    builder_put(b, change->added);
    builder_put(b, change->added.len ? TEXT("\n") : TEXT(""));
    return f || has_changed ? f : FAULT_NOT_FOUND;
}

enum fault kept_lines_change(struct kept_lines *lines,
                             bool (*is_old)(const void *context, struct text line),
                             const void *context, struct text added,
                             char message[KEPT_MESSAGE_SIZE])
{
    struct change change = {lines, is_old, context, added, message};
    message[0] = '\0';
    enum fault f = kept_file_change(lines->path, put_changed, &change);
    if (f && !message[0])
        return tell(lines->path, fault_text(f), f, message);
    return f ? f : read_again(lines, message);
}
