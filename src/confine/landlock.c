/* SPDX-License-Identifier: Apache-2.0 */
#include "confine/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What is newer than Debian 12's linux/landlock.h. */
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif
#ifndef LANDLOCK_ACCESS_FS_IOCTL_DEV
#define LANDLOCK_ACCESS_FS_IOCTL_DEV (1ULL << 15)
#endif
#ifndef LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET
#define LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET (1ULL << 0)
#define LANDLOCK_SCOPE_SIGNAL (1ULL << 1)
#endif

/* The versions that brought something that we use. */
enum { ABI_REFER = 2, ABI_TRUNCATE = 3, ABI_IOCTL = 5, ABI_SCOPE = 6 };

/* The kernel's struct landlock_ruleset_attr, as of ABI 6: older kernels take less of it. */
struct ruleset {
    uint64_t files;
    uint64_t ports;
    uint64_t scopes;
};

static const uint64_t reading = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
static const uint64_t writing = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                                LANDLOCK_ACCESS_FS_TRUNCATE;
static const uint64_t changing = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
                                 LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE |
                                 LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                                 LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                                 LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_REFER;
/* All that a rule about something other than a directory can say. */
static const uint64_t of_files = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                                 LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_TRUNCATE |
                                 LANDLOCK_ACCESS_FS_IOCTL_DEV;

static uint64_t all_known(int abi)
{
    if (abi >= ABI_IOCTL)
        return (LANDLOCK_ACCESS_FS_IOCTL_DEV << 1) - 1;
    if (abi >= ABI_TRUNCATE)
        return (LANDLOCK_ACCESS_FS_TRUNCATE << 1) - 1;
    return (LANDLOCK_ACCESS_FS_REFER << 1) - 1;
}

static uint64_t allowed(enum landlock_way way)
{
    switch (way) {
    case LANDLOCK_READ:
        return reading;
    case LANDLOCK_WRITE:
        return writing;
    case LANDLOCK_CHANGE:
        return changing;
    case LANDLOCK_SOCKETS:
        return changing | LANDLOCK_ACCESS_FS_MAKE_SOCK;
    }
    return 0;
}

enum fault landlock_begin(bool abstract, struct landlock *ret_landlock)
{
    *ret_landlock = (struct landlock){.rules = -1};
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (abi < ABI_REFER)
        return FAULT_UNSUPPORTED;
    const struct ruleset ruleset = {
        .files = all_known((int)abi),
        .scopes = LANDLOCK_SCOPE_SIGNAL | (abstract ? 0 : LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET),
    };
    size_t size = abi >= ABI_SCOPE ? sizeof(ruleset) : offsetof(struct ruleset, ports);
    long rules = syscall(SYS_landlock_create_ruleset, &ruleset, size, 0);
    if (rules < 0)
        return fault_from_errno(errno);
    *ret_landlock = (struct landlock){(int)rules, (int)abi};
    return FAULT_NONE;
}

enum fault landlock_allow(const struct landlock *landlock, const char *path, enum landlock_way way)
{
    struct stat info;
    int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return fault_from_errno(errno);
    struct landlock_path_beneath_attr rule = {allowed(way) & all_known(landlock->abi), fd};
    bool is_directory = fstat(fd, &info) == 0 && S_ISDIR(info.st_mode);
    if (!is_directory)
        rule.allowed_access &= of_files;
    bool done = syscall(SYS_landlock_add_rule, landlock->rules, LANDLOCK_RULE_PATH_BENEATH, &rule,
                        0) == 0;
    enum fault f = done ? FAULT_NONE : fault_from_errno(errno);
    close(fd);
    return f;
}

enum fault landlock_enforce(const struct landlock *landlock)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
        syscall(SYS_landlock_restrict_self, landlock->rules, 0))
        return fault_from_errno(errno);
    return FAULT_NONE;
}

void landlock_end(struct landlock *landlock)
{
    if (landlock->rules >= 0)
        close(landlock->rules);
    landlock->rules = -1;
}
