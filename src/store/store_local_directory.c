/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_local_directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "store/store_local_names.h"
#include "store/store_local_path.h"

struct local_directory {
    struct store_directory base;
    DIR *names;                            /* owned */
    const struct local_identity *identity; /* borrowed: the store's */
    struct store_watch *watch;             /* borrowed: the store's; or NULL */
    struct local_parent parent;            /* the directory itself, to its names */
};

static struct local_directory *directory_of(struct store_directory *directory)
{
    return (struct local_directory *)directory;
}

static enum store_kind kind_of_entry(unsigned char type)
{
    switch (type) {
    case DT_REG:
        return STORE_FILE;
    case DT_DIR:
        return STORE_DIRECTORY;
    case DT_LNK:
        return STORE_LINK;
    case DT_UNKNOWN:
        return STORE_UNKNOWN;
    default:
        return STORE_SPECIAL;
    }
}

static enum fault directory_next(struct store_directory *directory, struct text *ret_name,
                                 enum store_kind *ret_kind)
{
    for (;;) {
        errno = 0;
        struct dirent *entry = readdir(directory_of(directory)->names);
        if (!entry) {
            *ret_name = (struct text){NULL, 0};
            return errno ? fault_from_errno(errno) : FAULT_NONE;
        }
        struct text name = text_of(entry->d_name);
        if (text_equal(name, TEXT(".")) || text_equal(name, TEXT("..")) || local_is_hidden(name))
            continue;
        *ret_name = name;
        *ret_kind = kind_of_entry(entry->d_type);
        return FAULT_NONE;
    }
}

static enum fault directory_info(struct store_directory *directory, const char *name, bool created,
                                 struct store_info *ret_info)
{
    struct local_directory *local = directory_of(directory);
    int fd = dirfd(local->names);
    enum fault f = local_info(local->identity, fd, name, created, ret_info);
    if (f)
        return f;
    ret_info->access |= local_parent_access(local->identity, &local->parent, ret_info->owner);
    if (created) {
        char path[LOCAL_PROC_PATH_SIZE + LOCAL_NAME_SIZE];
        local_proc_path(fd, path);
        struct builder b = {path, strlen(path), sizeof(path), false};
        builder_put_byte(&b, '/');
        builder_put_string(&b, name);
        local_fill_created(builder_end(&b), ret_info);
    }
    return FAULT_NONE;
}

static enum fault directory_link(struct store_directory *directory, const char *name,
                                 struct builder *target)
{
    char path[LOCAL_PATH_SIZE];
    ssize_t len = readlinkat(dirfd(directory_of(directory)->names), name, path, sizeof(path));
    if (len < 0)
        return fault_from_errno(errno);
    builder_put(target, (struct text){path, (size_t)len});
    return FAULT_NONE;
}

static void directory_close(struct store_directory *directory)
{
    closedir(directory_of(directory)->names);
    memory_free(directory);
}

static enum fault open_below(struct store_directory *directory, const char *path,
                             struct store_directory **ret_directory)
{
    int fd;
    struct local_directory *local = directory_of(directory);
    enum fault f = local_open_directory_below(dirfd(local->names), path, &fd);
    return f ? f : local_new_directory(local->identity, fd, local->watch, ret_directory);
}

static enum fault remove_below(struct store_directory *directory, const char *path,
                               bool is_directory)
{
    struct local_place place;
    const struct local_directory *local = directory_of(directory);
    enum fault f = local_open_place_below(dirfd(local->names), path, &place);
    if (f)
        return f;
    f = local_remove_place(&place, is_directory, local->watch);
    local_close_place(&place);
    return f;
}

enum fault local_new_directory(const struct local_identity *identity, int fd,
                               struct store_watch *watch, struct store_directory **ret_directory)
{
    static const struct store_directory_type type = {
        .next = directory_next,
        .info = directory_info,
        .link = directory_link,
        .open_below = open_below,
        .remove_below = remove_below,
        .close = directory_close,
    };
    struct local_directory *directory = memory_new(sizeof(*directory));
    if (directory)
        directory->names = fdopendir(fd);
    if (!directory || !directory->names) {
        memory_free(directory);
        close(fd);
        return FAULT_NO_MEMORY;
    }
    directory->base.type = &type;
    directory->identity = identity;
    directory->watch = watch;
    directory->parent = local_look_at_parent(identity, fd);
    *ret_directory = &directory->base;
    return FAULT_NONE;
}
