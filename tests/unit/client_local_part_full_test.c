/* SPDX-License-Identifier: Apache-2.0 */
/* client/local_part on a disk that is full: what had the name keeps it. */
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "tests/unit/local_trees.h"

/* What these calls say; 0: the truth. A descriptor is closed either way, as on Linux. */
static int close_error;
static int write_error;
static int rename_error;

int __real_close(int fd);
int __wrap_close(int fd);
ssize_t __real_pwrite64(int fd, const void *bytes, size_t len, off_t offset);
ssize_t __wrap_pwrite64(int fd, const void *bytes, size_t len, off_t offset);
int __real_renameat(int from, const char *name, int to, const char *new_name);
int __wrap_renameat(int from, const char *name, int to, const char *new_name);

int __wrap_close(int fd)
{
    int result = __real_close(fd);
    errno = close_error;
    return close_error ? -1 : result;
}

/* Half of it is written before it is full. */
ssize_t __wrap_pwrite64(int fd, const void *bytes, size_t len, off_t offset)
{
    if (!write_error || len > 1)
        return __real_pwrite64(fd, bytes, write_error ? len / 2 : len, offset);
    errno = write_error;
    return -1;
}

int __wrap_renameat(int from, const char *name, int to, const char *new_name)
{
    errno = rename_error;
    return rename_error ? -1 : __real_renameat(from, name, to, new_name);
}

static const struct {
    int error;
    enum fault fault;
} full[] = {{ENOSPC, FAULT_NO_SPACE}, {EDQUOT, FAULT_NO_SPACE}, {EIO, FAULT_IO}};

TEST(a_disk_that_is_full_at_close_or_rename_takes_nothing_away)
{
    put_file("f", "old");
    for (size_t i = 0; i < 2 * COUNT(full); i++) {
        struct local_part part = begun("f", IDENTITY, true);
        put(&part, "new");
        *(i % 2 ? &close_error : &rename_error) = full[i / 2].error;
        enum fault f = local_part_publish(tree, &part, INT64_MIN, 0);
        close_error = rename_error = 0;
        assert_fault(f, full[i / 2].fault);
        assert_null(part.stream);
        assert_content("f", "old");
        assert_int_equal(count_names(""), 1);
    }
}

TEST(what_was_not_written_is_not_published)
{
    put_file("f", "old");
    for (size_t i = 0; i < COUNT(full); i++) {
        struct local_part part = begun("f", IDENTITY, true);
        put(&part, "12345678");
        write_error = full[i].error;
        enum fault f = stream_write(part.stream, "abcdefgh", 8);
        write_error = 0;
        assert_fault(f, full[i].fault);
        assert_fault(stream_write(part.stream, "i", 1), full[i].fault);
        assert_fault(local_part_publish(tree, &part, INT64_MIN, 0), full[i].fault);
        assert_content("f", "old");
        assert_int_equal(count_names(""), 1);
    }
}

/* 64 KiB on a file system of its own, for root, or a limit as small. */
static enum fault fill(const char *place)
{
    static char bytes[16 * 1024];
    struct local_tree *small = NULL;
    struct local_part part = {0};
    struct entry entry;
    const struct rlimit limit = {64 * 1024, 64 * 1024};
    (void)signal(SIGXFSZ, SIG_IGN);
    if (geteuid() || unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
        mount("none", place, "tmpfs", 0, "size=64k"))
        setrlimit(RLIMIT_FSIZE, &limit);
    if (local_tree_open(place, false, &small) || local_part_open(small, "f", 0, false, &part))
        return FAULT_BUG;
    enum fault f = FAULT_NONE;
    for (size_t i = 0; i < 8 && !f; i++)
        f = stream_write(part.stream, bytes, sizeof(bytes));
    if (local_part_publish(small, &part, INT64_MIN, 0) != f)
        return FAULT_BUG;
    return local_tree_look(small, "f", &entry) == FAULT_NOT_FOUND ? f : FAULT_BUG;
}

TEST(a_small_disk_is_full)
{
    int status;
    put_directory("small");
    pid_t child = fork();
    if (!child)
        _exit((int)fill(at("small")));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    enum fault f = (enum fault)WEXITSTATUS(status);
    if (f != FAULT_NO_SPACE && f != FAULT_TOO_LARGE)
        fail_msg("FAULT_%s", fault_name(f));
    assert_int_equal(count_names("small"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_TREE(a_disk_that_is_full_at_close_or_rename_takes_nothing_away),
        IN_TREE(what_was_not_written_is_not_published),
        IN_TREE(a_small_disk_is_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
