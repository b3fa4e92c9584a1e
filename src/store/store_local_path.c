/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_local_path.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    LINKS_MAX = 40, /* the kernel's own limit */
    /* The kernel asks to try again when the tree is renamed under its feet. */
    RACES_MAX = 100,
};

bool local_is_temporary(struct text name)
{
    return text_starts_with(name, TEXT(LOCAL_TEMPORARY_PREFIX));
}

bool local_is_hidden(struct text name)
{
    return local_is_temporary(name) || text_equal(name, TEXT(LOCAL_HIDDEN_DIRECTORY));
}

bool local_names_hidden(const char *path)
{
    struct text rest = text_of(path);
    while (rest.len)
        if (local_is_hidden(text_take_until(&rest, '/')))
            return true;
    return false;
}

/* Path below the root's descriptor: without its first slash, "." for the root. */
static const char *below_root(const char *path)
{
    while (*path == '/')
        path++;
    return *path ? path : ".";
}

/* How the kernel keeps a user's path inside the tree. */
enum {
    CONFINED = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
    /* Also for what is found in a directory, where nobody may put a link in the way meanwhile. */
    WITHOUT_LINKS = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    /* By names that are in memory, and in the root's own file system: another may be a network's.
     */
    AT_ONCE = RESOLVE_CACHED | RESOLVE_NO_XDEV,
};

static enum fault resolve_path(int root, const char *path, unsigned resolve, unsigned flags,
                               int *ret_fd)
{
    struct open_how how = {.flags = flags | O_CLOEXEC, .resolve = resolve};
    for (int i = 0; i < RACES_MAX; i++) {
        long fd = syscall(SYS_openat2, root, below_root(path), &how, sizeof(how));
        if (fd >= 0) {
            *ret_fd = (int)fd;
            return FAULT_NONE;
        }
        if (resolve & RESOLVE_CACHED && (errno == EAGAIN || errno == EXDEV))
            return FAULT_BUSY;
        if (errno != EAGAIN && errno != EINTR)
            break;
    }
    return fault_from_errno(errno);
}

/* The absolute path of a descriptor, and what of it is below the root. */
static enum fault path_in_tree(int root, int fd, char path[LOCAL_PATH_SIZE], struct text *ret_below)
{
    char root_path[LOCAL_PATH_SIZE];
    enum fault f = local_absolute_path(root, root_path);
    if (!f)
        f = local_absolute_path(fd, path);
    if (f)
        return f;
    struct text above = text_of(root_path);
    struct text below = text_of(path);
    if (above.len > 1 && text_starts_with(below, above))
        below = text_after(below, above.len);
    *ret_below = below;
    return FAULT_NONE;
}

/* What a link led to is not to be one of the store's own. */
static enum fault refuse_hidden(int root, int fd)
{
    char path[LOCAL_PATH_SIZE];
    struct text below;
    enum fault f = path_in_tree(root, fd, path, &below);
    if (!f && local_names_hidden(below.at))
        f = FAULT_NOT_FOUND;
    return f;
}

static enum fault open_by_links(int root, const char *path, unsigned resolve, unsigned flags,
                                int *ret_fd)
{
    int fd = -1;
    enum fault f = resolve_path(root, path, resolve, flags, &fd);
    if (f)
        return f;
    f = refuse_hidden(root, fd);
    if (f)
        close(fd);
    else
        *ret_fd = fd;
    return f;
}

/* Where no link is on the way the path says itself where it leads. */
static enum fault open_confined(int root, const char *path, unsigned resolve, unsigned flags,
                                int *ret_fd)
{
    if (local_names_hidden(path))
        return FAULT_NOT_FOUND;
    enum fault f = resolve_path(root, path, resolve | RESOLVE_NO_SYMLINKS, flags, ret_fd);
    if (f != FAULT_LINK_LOOP || resolve & RESOLVE_NO_SYMLINKS)
        return f;
    return open_by_links(root, path, resolve, flags, ret_fd);
}

static unsigned resolve_of(struct local_root root)
{
    unsigned resolve = CONFINED;
    if (root.is_straight)
        resolve |= RESOLVE_NO_SYMLINKS;
    return root.at_once ? resolve | AT_ONCE : resolve;
}

/* Who asks for no links knows that there was none. */
static enum fault fault_of(struct local_root root, enum fault f)
{
    return root.is_straight && f == FAULT_LINK_LOOP ? FAULT_BUSY : f;
}

enum fault local_open_path(struct local_root root, const char *path, bool follow, int *ret_fd)
{
    unsigned flags = O_PATH | (follow ? 0U : (unsigned)O_NOFOLLOW);
    return fault_of(root, open_confined(root.fd, path, resolve_of(root), flags, ret_fd));
}

/* The kernel has no word for "a link here is no directory" when it is to follow none. */
static enum fault open_straight_directory(struct local_root root, const char *path, bool follow,
                                          int *ret_fd)
{
    int path_fd;
    enum fault f = local_open_path(root, path, follow, &path_fd);
    if (f)
        return f;
    f = local_reopen(path_fd, O_RDONLY | O_DIRECTORY, ret_fd);
    close(path_fd);
    return f;
}

enum fault local_open_directory(struct local_root root, const char *path, bool follow, int *ret_fd)
{
    unsigned flags = O_RDONLY | O_DIRECTORY | (follow ? 0U : (unsigned)O_NOFOLLOW);
    if (root.is_straight)
        return open_straight_directory(root, path, follow, ret_fd);
    return open_confined(root.fd, path, CONFINED, flags, ret_fd);
}

enum fault local_open_directory_below(int directory, const char *path, int *ret_fd)
{
    return open_confined(directory, path, WITHOUT_LINKS, O_RDONLY | O_DIRECTORY, ret_fd);
}

static enum fault open_place(int root, const char *path, unsigned resolve,
                             struct local_place *ret_place)
{
    char parent[LOCAL_PATH_SIZE];
    struct builder b = builder_on(parent, sizeof(parent));
    struct text whole = text_of(path);
    size_t slash = text_find_last(whole, '/');
    struct text name = slash == whole.len ? whole : text_after(whole, slash + 1);
    struct local_place place = {.parent = -1};
    struct builder name_builder = builder_on(place.name, sizeof(place.name));

    builder_put(&b, (struct text){path, slash == whole.len ? 0 : slash});
    builder_end(&b);
    builder_put(&name_builder, name);
    builder_end(&name_builder);
    if (b.full || name_builder.full)
        return FAULT_NAME_INVALID;
    if (local_is_hidden(name))
        return FAULT_NOT_FOUND;
    /* Only a link's target can end so: a system call given it would act on the parent. */
    if (text_equal(name, TEXT(".")) || text_equal(name, TEXT("..")))
        return FAULT_IS_DIRECTORY;
    enum fault f = open_confined(root, parent, resolve, O_PATH | O_DIRECTORY, &place.parent);
    if (!f)
        *ret_place = place;
    return f;
}

enum fault local_open_place(struct local_root root, const char *path, struct local_place *ret_place)
{
    return fault_of(root, open_place(root.fd, path, resolve_of(root), ret_place));
}

enum fault local_open_place_below(int directory, const char *path, struct local_place *ret_place)
{
    return open_place(directory, path, WITHOUT_LINKS, ret_place);
}

void local_close_place(struct local_place *place)
{
    if (place->parent >= 0)
        close(place->parent);
    place->parent = -1;
}

void local_proc_path(int fd, char path[LOCAL_PROC_PATH_SIZE])
{
    struct builder b = builder_on(path, LOCAL_PROC_PATH_SIZE);
    builder_put_string(&b, "/proc/self/fd/");
    builder_put_number(&b, (uint64_t)fd);
    builder_end(&b);
}

enum fault local_absolute_path(int fd, char path[LOCAL_PATH_SIZE])
{
    char proc[LOCAL_PROC_PATH_SIZE];
    local_proc_path(fd, proc);
    ssize_t len = readlink(proc, path, LOCAL_PATH_SIZE - 1);
    if (len < 0)
        return fault_from_errno(errno);
    path[len] = '\0';
    return FAULT_NONE;
}

/*
 * Writes where the link in a place points, as a path below the root: relative
 * to the place's directory as the system knows it. What comes out is only a
 * name again, resolved below the root like any other.
 */
static enum fault put_link_path(struct local_root root, const struct local_place *place,
                                char path[LOCAL_PATH_SIZE])
{
    char target[LOCAL_PATH_SIZE];
    char parent_path[LOCAL_PATH_SIZE];
    struct text parent = {NULL, 0};
    ssize_t len = readlinkat(place->parent, place->name, target, sizeof(target));
    if (len < 0)
        return fault_from_errno(errno);
    struct text to = {target, (size_t)len};
    struct builder b = builder_on(path, LOCAL_PATH_SIZE);
    if (!to.len || to.at[0] != '/') {
        enum fault f = path_in_tree(root.fd, place->parent, parent_path, &parent);
        if (f)
            return f;
        builder_put(&b, parent);
        builder_put_byte(&b, '/');
    }
    builder_put(&b, to);
    builder_end(&b);
    return b.full ? FAULT_NAME_INVALID : FAULT_NONE;
}

/* The place that the link in a place points to, as the next path to look at. */
static enum fault follow_place(struct local_root root, const struct local_place *place,
                               char next[LOCAL_PATH_SIZE])
{
    return root.is_straight ? FAULT_BUSY : put_link_path(root, place, next);
}

enum fault local_open_place_followed(struct local_root root, const char *path,
                                     struct local_place *ret_place)
{
    struct local_place place;
    char next[LOCAL_PATH_SIZE];
    enum fault f = local_open_place(root, path, &place);
    for (int links = 0; !f; links++) {
        struct stat info;
        f = local_stat_place(&place, &info);
        if (f == FAULT_NOT_FOUND || (!f && !S_ISLNK(info.st_mode))) {
            *ret_place = place;
            return FAULT_NONE;
        }
        if (!f)
            f = links < LINKS_MAX ? follow_place(root, &place, next) : FAULT_LINK_LOOP;
        local_close_place(&place);
        if (!f)
            f = local_open_place(root, next, &place);
    }
    return f;
}

/* Appends a descriptor's path in the tree, and the name in it, if it is one. */
static enum fault put_real_path(struct local_root root, int fd, const char *name,
                                struct builder *real)
{
    char bytes[LOCAL_PATH_SIZE];
    struct text below;
    enum fault f = path_in_tree(root.fd, fd, bytes, &below);
    if (f)
        return f;
    if (name[0] && text_equal(below, TEXT("/")))
        below.len = 0;
    builder_put(real, below);
    if (name[0] || !below.len)
        builder_put_byte(real, '/');
    builder_put_string(real, name);
    return real->full ? FAULT_NAME_INVALID : FAULT_NONE;
}

/* By way of links; of a name that is free, where writing through them would put a file. */
static enum fault put_real_path_of_place(struct local_root root, const char *path, bool follow,
                                         struct builder *real)
{
    struct local_place place;
    enum fault f = follow ? local_open_place_followed(root, path, &place)
                          : local_open_place(root, path, &place);
    if (f)
        return f;
    f = put_real_path(root, place.parent, place.name, real);
    local_close_place(&place);
    return f;
}

enum fault local_real_path(struct local_root root, const char *path, bool follow,
                           struct builder *real)
{
    const struct local_root straight = {root.fd, true, root.at_once, root.in_memory};
    int fd = -1;
    enum fault f = local_open_path(straight, path, follow, &fd);
    if (f != FAULT_BUSY) {
        /* No link up to where it ends: the path says itself where it leads. */
        if (!f)
            close(fd);
        else if (f != FAULT_NOT_FOUND)
            return f;
        builder_put_string(real, path);
        return real->full ? FAULT_NAME_INVALID : FAULT_NONE;
    }
    f = follow ? local_open_path(root, path, true, &fd) : FAULT_NOT_FOUND;
    if (f == FAULT_NOT_FOUND)
        return put_real_path_of_place(root, path, follow, real);
    if (f)
        return f;
    f = put_real_path(root, fd, "", real);
    close(fd);
    return f;
}

enum fault local_stat_place(const struct local_place *place, struct stat *ret_stat)
{
    /* The root itself has no name in a parent: look at the directory. */
    int flags = AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH;
    if (fstatat(place->parent, place->name, ret_stat, flags))
        return fault_from_errno(errno);
    return FAULT_NONE;
}

enum fault local_stat_place_at_once(const struct local_place *place, struct stat *ret_stat)
{
    int fd = -1;
    enum fault f = resolve_path(place->parent, place->name, WITHOUT_LINKS | AT_ONCE,
                                O_PATH | O_NOFOLLOW, &fd);
    if (f)
        return f;
    if (fstat(fd, ret_stat))
        f = fault_from_errno(errno);
    close(fd);
    return f;
}

enum fault local_reopen(int path_fd, int flags, int *ret_fd)
{
    char proc[LOCAL_PROC_PATH_SIZE];
    local_proc_path(path_fd, proc);
    int fd;
    do {
        fd = open(proc, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0)
        return fault_from_errno(errno);
    *ret_fd = fd;
    return FAULT_NONE;
}
