/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_local_info.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "store/store_local_path.h"

void local_identify(struct local_identity *ret_identity)
{
    ret_identity->user = geteuid();
    ret_identity->group = getegid();
    ret_identity->group_count = getgroups(LOCAL_GROUPS_MAX, ret_identity->groups);
}

static bool is_in_group(const struct local_identity *identity, gid_t group)
{
    if (group == identity->group)
        return true;
    for (int i = 0; i < identity->group_count; i++)
        if (identity->groups[i] == group)
            return true;
    return false;
}

static unsigned mode_access(const struct local_identity *identity, const struct statx *x)
{
    unsigned shift = 0;
    if (identity->user == 0)
        return STORE_MAY_READ | STORE_MAY_WRITE | STORE_MAY_SEARCH;
    if (x->stx_uid == identity->user)
        shift = 6;
    else if (is_in_group(identity, x->stx_gid))
        shift = 3;
    return x->stx_mode >> shift & 7U;
}

static void fill_kind(struct store_info *info, unsigned mode)
{
    info->kind = STORE_SPECIAL;
    switch (mode & S_IFMT) {
    case S_IFREG:
        info->kind = STORE_FILE;
        info->letter = '-';
        break;
    case S_IFDIR:
        info->kind = STORE_DIRECTORY;
        info->letter = 'd';
        break;
    case S_IFLNK:
        info->kind = STORE_LINK;
        info->letter = 'l';
        break;
    case S_IFIFO:
        info->letter = 'p';
        break;
    case S_IFSOCK:
        info->letter = 's';
        break;
    case S_IFBLK:
        info->letter = 'b';
        break;
    default:
        info->letter = 'c';
    }
}

static struct store_info info_of(const struct local_identity *identity, const struct statx *x)
{
    struct store_info info = {
        .mode = x->stx_mode & 07777U,
        .access = mode_access(identity, x),
        .owner = x->stx_uid,
        .group = x->stx_gid,
        .links = x->stx_nlink,
        .size = x->stx_size,
        .device = (uint64_t)x->stx_dev_major << 32 | x->stx_dev_minor,
        .file_number = x->stx_ino,
        .modified = {x->stx_mtime.tv_sec, x->stx_mtime.tv_nsec},
        .created = {x->stx_btime.tv_sec, x->stx_btime.tv_nsec},
        .has_created = (x->stx_mask & STATX_BTIME) != 0,
    };
    fill_kind(&info, x->stx_mode);
    return info;
}

/* What info_of reads: what is not asked for no file system has to look up. */
enum {
    WANTED = STATX_TYPE | STATX_MODE | STATX_UID | STATX_GID | STATX_NLINK | STATX_SIZE |
             STATX_INO | STATX_MTIME,
};

enum fault local_info(const struct local_identity *identity, int directory, const char *name,
                      bool created, struct store_info *ret_info)
{
    struct statx x;
    int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
    unsigned mask = WANTED;
    /* For each entry of a listing ext4 needs 490 ns; 530 with the first, 580 with both. */
    if (created)
        mask |= STATX_BTIME;
    if (!name[0])
        flags |= AT_EMPTY_PATH;
    if (statx(directory, name, flags, mask, &x))
        return fault_from_errno(errno);
    *ret_info = info_of(identity, &x);
    return FAULT_NONE;
}

void local_fill_created(const char *path, struct store_info *info)
{
    char value[32];
    uint64_t seconds;
    ssize_t len = info->kind == STORE_FILE || info->kind == STORE_DIRECTORY
                      ? getxattr(path, LOCAL_CREATED_ATTRIBUTE, value, sizeof(value))
                      : -1;
    if (len > 0 && text_to_number((struct text){value, (size_t)len}, INT64_MAX, &seconds)) {
        info->created = (struct store_time){(int64_t)seconds, 0};
        info->has_created = true;
    }
}

struct local_parent local_look_at_parent(const struct local_identity *identity, int directory)
{
    struct stat info;
    struct local_parent parent = {
        .may_change = faccessat(directory, ".", W_OK | X_OK, AT_EACCESS) == 0,
    };
    if (fstat(directory, &info) == 0)
        parent.is_sticky = info.st_mode & S_ISVTX && identity->user != 0 &&
                           identity->user != info.st_uid;
    return parent;
}

unsigned local_parent_access(const struct local_identity *identity,
                             const struct local_parent *parent, unsigned owner)
{
    if (!parent->may_change)
        return 0;
    bool may_remove = !parent->is_sticky || identity->user == owner;
    return STORE_MAY_ADD | (may_remove ? STORE_MAY_REMOVE : 0U);
}
