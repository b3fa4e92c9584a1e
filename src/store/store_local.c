/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_local.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/memory.h"
#include "store/store_local_annex.h"
#include "store/store_local_change.h"
#include "store/store_local_count.h"
#include "store/store_local_directory.h"
#include "store/store_local_file.h"
#include "store/store_local_info.h"
#include "store/store_local_names.h"
#include "store/store_local_path.h"
#include "store/store_local_target.h"
#include "store/store_local_upload.h"

struct store_local {
    struct store base;
    struct local_root root;
    struct journal *journal;               /* borrowed: the server's */
    const struct local_identity *identity; /* borrowed: of all views */
};

/* A store and its views, opened and freed together. */
struct store_views {
    struct store_local usual;
    struct store_local straight;
    struct store_local at_once;
    struct store_local straight_at_once;
    struct local_identity identity;
};

static struct local_root root_of(struct store *store)
{
    return ((struct store_local *)store)->root;
}

static const struct local_identity *identity_of(struct store *store)
{
    return ((struct store_local *)store)->identity;
}

/* ---- About a file --------------------------------------------------------- */

/* What its directory grants for the name in its place. Owner: of what has the name. */
static unsigned place_access(const struct local_identity *identity, struct local_place *place,
                             unsigned owner)
{
    unsigned access = 0;
    if (place->name[0]) { /* the root stays */
        const struct local_parent parent = local_look_at_parent(identity, place->parent);
        access = local_parent_access(identity, &parent, owner);
    }
    local_close_place(place);
    return access;
}

/* Of a link that is followed: what is granted for its own name and for what it leads to. */
static unsigned path_access(struct store *store, const char *path, bool follow, unsigned owner)
{
    const struct local_identity *identity = identity_of(store);
    struct local_place place;
    struct stat named;
    if (local_open_place(root_of(store), path, &place))
        return 0;
    if (!follow || local_stat_place(&place, &named) || !S_ISLNK(named.st_mode))
        return place_access(identity, &place, owner);
    unsigned access = place_access(identity, &place, named.st_uid);
    if (local_open_place_followed(root_of(store), path, &place))
        return 0;
    return access & place_access(identity, &place, owner);
}

static enum fault local_stat(struct store *store, const char *path, bool follow,
                             struct store_info *ret_info)
{
    int fd;
    char proc[LOCAL_PROC_PATH_SIZE];
    enum fault f = local_open_path(root_of(store), path, follow, &fd);
    if (f)
        return f;
    bool at_once = root_of(store).at_once;
    f = local_info(identity_of(store), fd, "", !at_once, ret_info);
    if (!f && !at_once) {
        local_proc_path(fd, proc);
        local_fill_created(proc, ret_info);
        ret_info->access |= path_access(store, path, follow, ret_info->owner);
    }
    close(fd);
    return f;
}

static enum fault local_find_real_path(struct store *store, const char *path, bool follow,
                                       struct builder *real)
{
    return local_real_path(root_of(store), path, follow, real);
}

/* ---- Reading --------------------------------------------------------------- */

static enum fault local_open_read(struct store *store, const char *path, struct stream **ret_stream,
                                  struct store_info *ret_info)
{
    return local_open_file(identity_of(store), root_of(store), path, ret_stream, ret_info);
}

static enum fault local_open_its_annex(struct store *store, const char *path,
                                       const struct stream *file, struct stream **ret_annex)
{
    return local_open_annex(root_of(store), path, file, ret_annex);
}

/* ---- The tree ---------------------------------------------------------------- */

static enum fault local_open_names(struct store *store, const char *path, bool follow,
                                   struct store_directory **ret_directory)
{
    int fd;
    enum fault f = local_open_directory(root_of(store), path, follow, &fd);
    return f ? f : local_new_directory(identity_of(store), fd, store->watch, ret_directory);
}

static enum fault local_upload(struct store *store, const char *path,
                               const struct store_upload_request *request,
                               struct store_upload **ret_upload)
{
    struct store_local *local = (struct store_local *)store;
    const struct local_surroundings surroundings = {local->root, local->journal, store->watch,
                                                    local->identity};
    return local_open_upload(&surroundings, path, request, ret_upload);
}

static enum fault remove_path(struct store *store, const char *path, bool is_directory)
{
    struct local_place place;
    enum fault f = local_open_place(root_of(store), path, &place);
    if (f)
        return f;
    f = local_remove_place(&place, is_directory, store->watch);
    local_close_place(&place);
    return f;
}

static enum fault local_remove(struct store *store, const char *path)
{
    return remove_path(store, path, false);
}

static enum fault local_remove_directory(struct store *store, const char *path)
{
    return remove_path(store, path, true);
}

static enum fault local_make_directory(struct store *store, const char *path, unsigned mode)
{
    struct local_place place;
    enum fault f = local_open_place(root_of(store), path, &place);
    if (f)
        return f;
    if (!place.name[0])
        f = FAULT_EXISTS;
    else if (mkdirat(place.parent, place.name, (mode_t)mode))
        f = fault_from_errno(errno);
    local_close_place(&place);
    return f;
}

static enum fault local_rename(struct store *store, const char *from, const char *to)
{
    struct local_place old;
    struct local_place new = {.parent = -1};
    enum fault f = local_open_place(root_of(store), from, &old);
    if (f)
        return f;
    f = local_open_place(root_of(store), to, &new);
    if (!f)
        f = local_rename_place(&old, &new, store->watch);
    local_close_place(&new);
    local_close_place(&old);
    return f;
}

/* Of a file with its annex: that is to be of the file with its new time, and as private. */
static enum fault change_both(struct local_beside *beside, int fd,
                              const struct store_changes *changes)
{
    struct stat info;
    enum fault f = FAULT_NONE;
    if (fstat(fd, &info))
        return fault_from_errno(errno);
    if (changes->mask & STORE_CHANGE_MODIFIED)
        f = local_keep_annex(beside, &info, &changes->modified);
    if (!f)
        f = local_change_file(fd, changes);
    if (!f && changes->mask & STORE_CHANGE_MODE)
        local_change_annex_mode(beside, changes->mode);
    return f;
}

static enum fault change_with_annex(struct store *store, const char *path, int fd,
                                    const struct store_changes *changes)
{
    struct local_place place;
    struct local_beside beside = {.fd = -1};
    enum fault f = local_open_place_followed(root_of(store), path, &place);
    if (f)
        return f;
    f = local_open_beside(&place, false, LOCAL_WAIT_MS, store->watch, &beside);
    if (!f)
        f = beside.fd >= 0 && local_is_target(&place, fd) ? change_both(&beside, fd, changes)
                                                          : local_change_file(fd, changes);
    local_close_beside(&beside);
    local_close_place(&place);
    return f;
}

static enum fault local_change(struct store *store, const char *path,
                               const struct store_changes *changes)
{
    int fd;
    enum fault f = local_open_path(root_of(store), path, true, &fd);
    if (f)
        return f;
    unsigned concerned = STORE_CHANGE_MODE | STORE_CHANGE_MODIFIED;
    f = changes->mask & concerned ? change_with_annex(store, path, fd, changes)
                                  : local_change_file(fd, changes);
    close(fd);
    return f;
}

static enum fault local_make_link(struct store *store, const char *target, const char *path)
{
    struct local_place place;
    if (local_names_hidden(target))
        return FAULT_NOT_FOUND;
    enum fault f = local_open_place(root_of(store), path, &place);
    if (f)
        return f;
    if (!place.name[0])
        f = FAULT_EXISTS;
    else if (symlinkat(target, place.parent, place.name))
        f = fault_from_errno(errno);
    local_close_place(&place);
    return f;
}

static enum fault local_space(struct store *store, const char *path, struct store_space *ret_space)
{
    int fd;
    struct statvfs vfs;
    enum fault f = local_open_path(root_of(store), path, true, &fd);
    if (f)
        return f;
    if (fstatvfs(fd, &vfs))
        f = fault_from_errno(errno);
    close(fd);
    if (f)
        return f;
    ret_space->free_bytes = (uint64_t)vfs.f_bavail * vfs.f_frsize;
    ret_space->total_bytes = (uint64_t)vfs.f_blocks * vfs.f_frsize;
    return FAULT_NONE;
}

static enum fault local_locate(struct store *store, struct builder *path)
{
    char bytes[LOCAL_PATH_SIZE];
    enum fault f = local_absolute_path(root_of(store).fd, bytes);
    if (!f)
        builder_put_string(path, bytes);
    return f;
}

static enum fault local_count(struct store *store, const char *path, struct store_census *census)
{
    return local_count_directory(root_of(store).fd, path, store->watch, census);
}

static void local_free(struct store *store)
{
    close(root_of(store).fd);
    memory_free(store); /* with its views */
}

/*
 * Of these file systems it is known that what is in memory is had without waiting. Of another
 * the daemon (FUSE), or the server at the other end (NFS), may be asked by each open.
 */
static bool keeps_memory(int fd, bool *ret_in_memory)
{
    static const long kinds[] = {EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC,
                                 F2FS_SUPER_MAGIC, TMPFS_MAGIC};
    struct statfs system;
    if (fstatfs(fd, &system))
        return false;
    *ret_in_memory = system.f_type == TMPFS_MAGIC;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (system.f_type == kinds[i])
            return true;
    return false;
}

static void make_views(struct store_views *views, int probe)
{
    struct store_local *usual = &views->usual;
    struct local_root at_once = {.fd = usual->root.fd, .at_once = true};
    int fd = -1;
    usual->base.straight = &views->straight.base;
    /* A kernel before 5.12 has no RESOLVE_CACHED. */
    if (keeps_memory(probe, &at_once.in_memory) && !local_open_path(at_once, "/", true, &fd)) {
        close(fd);
        usual->base.at_once = &views->at_once.base;
    }
    views->straight = *usual;
    views->straight.root.is_straight = true;
    views->at_once = *usual;
    views->at_once.root = at_once;
    views->at_once.base.straight = &views->straight_at_once.base;
    views->straight_at_once = views->at_once;
    views->straight_at_once.root.is_straight = true;
}

enum fault store_local_open(const char *directory, struct journal *journal,
                            struct store **ret_store)
{
    static const struct store_type type = {
        .stat = local_stat,
        .real_path = local_find_real_path,
        .open_read = local_open_read,
        .open_annex = local_open_its_annex,
        .open_upload = local_upload,
        .open_directory = local_open_names,
        .remove = local_remove,
        .remove_directory = local_remove_directory,
        .make_directory = local_make_directory,
        .rename = local_rename,
        .change = local_change,
        .make_link = local_make_link,
        .space = local_space,
        .locate = local_locate,
        .count = local_count,
        .free = local_free,
    };
    int probe = -1;
    const struct local_root root = {.fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (root.fd < 0)
        return fault_from_errno(errno);
    /* Better no start than one that refuses every file, as where openat2 is missing or barred. */
    enum fault f = local_open_path(root, "/", true, &probe);
    struct store_views *views = f ? NULL : memory_new(sizeof(*views));
    if (!views) {
        if (!f)
            close(probe);
        close(root.fd);
        return f ? f : FAULT_NO_MEMORY;
    }
    local_identify(&views->identity);
    views->usual = (struct store_local){
        .base.type = &type, .root = root, .journal = journal, .identity = &views->identity};
    make_views(views, probe);
    close(probe);
    *ret_store = &views->usual.base;
    return FAULT_NONE;
}

bool store_local_is_current(struct store *store, const char *directory)
{
    struct stat there;
    struct stat open;
    return stat(directory, &there) == 0 && fstat(root_of(store).fd, &open) == 0 &&
           there.st_dev == open.st_dev && there.st_ino == open.st_ino;
}
