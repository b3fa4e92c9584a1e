/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/monitor_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "monitor/monitor_form.h"

/* As the kernel has it (path_resolution(7)). */
enum { LINKS_MAX = 40 };

struct walk {
    int at;         /* owned: the directory that was reached */
    bool is_shared; /* others can make something there, but not take away what is root's */
    unsigned links; /* that were followed */
    struct text rest;
    char bytes[MONITOR_PATH_SIZE]; /* of `rest` */
};

static bool set_rest(struct walk *walk, struct text head, struct text tail)
{
    char bytes[MONITOR_PATH_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    builder_put(&b, head);
    builder_put_byte(&b, '/');
    builder_put(&b, tail);
    builder_end(&b);
    if (b.full)
        return false;
    memcpy(walk->bytes, bytes, b.len + 1);
    walk->rest = (struct text){walk->bytes, b.len};
    return true;
}

/* Takes over the directory, whatever comes of it. */
static enum fault enter(struct walk *walk, int directory)
{
    struct stat info;
    if (walk->at >= 0)
        close(walk->at);
    walk->at = directory;
    if (directory < 0 || fstat(directory, &info))
        return fault_from_errno(errno);
    walk->is_shared = info.st_mode & (S_IWGRP | S_IWOTH);
    bool is_safe = !walk->is_shared || info.st_mode & S_ISVTX;
    return info.st_uid == 0 && is_safe ? FAULT_NONE : FAULT_DENIED;
}

static enum fault enter_root(struct walk *walk)
{
    return enter(walk, open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
}

static enum fault follow(struct walk *walk, int link, const struct stat *info)
{
    char target[MONITOR_PATH_SIZE];
    if (info->st_uid != 0)
        return FAULT_DENIED;
    if (++walk->links > LINKS_MAX)
        return FAULT_LINK_LOOP;
    ssize_t len = readlinkat(link, "", target, sizeof(target));
    if (len <= 0)
        return FAULT_NOT_FOUND;
    if (!set_rest(walk, (struct text){target, (size_t)len}, walk->rest))
        return FAULT_NAME_INVALID;
    return target[0] == '/' ? enter_root(walk) : FAULT_NONE;
}

/* Only root can put something else under this name: it is still what was looked at. */
static enum fault open_for_reading(const struct walk *walk, const char *name, int *ret_fd)
{
    int fd = openat(walk->at, name, O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return fault_from_errno(errno);
    *ret_fd = fd;
    return FAULT_NONE;
}

/* One name further. */
static enum fault step(struct walk *walk, const char *name, int *ret_fd)
{
    struct stat info = {0};
    int fd = openat(walk->at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return fault_from_errno(errno);
    (void)fstat(fd, &info); /* of what is open it cannot fail; none of the kinds below otherwise */
    if (S_ISDIR(info.st_mode))
        return enter(walk, fd);
    enum fault f = FAULT_NOT_PLAIN_FILE;
    if (walk->is_shared)
        f = FAULT_DENIED; /* a link, perhaps a hard one, to anything */
    else if (S_ISLNK(info.st_mode))
        f = follow(walk, fd, &info);
    else if (S_ISREG(info.st_mode) && !walk->rest.len)
        f = open_for_reading(walk, name, ret_fd);
    close(fd);
    return f;
}

static enum fault walk_to_end(struct walk *walk, int *ret_fd)
{
    int found = -1;
    enum fault f = enter_root(walk);
    while (!f && found < 0 && walk->rest.len) {
        char name[NAME_MAX + 1];
        struct builder b = builder_on(name, sizeof(name));
        builder_put(&b, text_take_until(&walk->rest, '/'));
        builder_end(&b);
        if (b.full)
            f = FAULT_NAME_INVALID;
        else if (b.len)
            f = step(walk, name, &found);
    }
    if (f)
        return f;
    if (found < 0)
        return FAULT_NOT_PLAIN_FILE;
    *ret_fd = found;
    return FAULT_NONE;
}

enum fault monitor_file_open(const char *path, int *ret_fd)
{
    struct walk walk = {.at = -1};
    if (path[0] != '/' || !set_rest(&walk, TEXT(""), text_of(path)))
        return FAULT_NAME_INVALID;
    enum fault f = walk_to_end(&walk, ret_fd);
    if (walk.at >= 0)
        close(walk.at);
    return f;
}
