/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/store_local_journal.h"
#include "tests/unit/unit.h"

static char base[64];
static char state[80];

/* ---- The system, watched and hindered (tests/meson.build) ------------------------ */

static char calls[4096]; /* one letter each: o new file, d its data synced, D a directory, u gone */
static int no_cutting;   /* what ftruncate says; 0: it works */
static void (*before_lock)(void);

static void note(char call)
{
    size_t len = strlen(calls);
    if (len + 1 < sizeof(calls))
        calls[len] = call;
}

#define WRAPPED(type, name, ...)                                                                   \
    type __real_##name(__VA_ARGS__);                                                               \
    type __wrap_##name(__VA_ARGS__);                                                               \
    type __wrap_##name(__VA_ARGS__)

int __real_openat64(int directory, const char *path, int flags, ...);
int __wrap_openat64(int directory, const char *path, int flags, ...);

int __wrap_openat64(int directory, const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    if (flags & O_CREAT)
        note('o');
    return __real_openat64(directory, path, flags, mode);
}

WRAPPED(int, fdatasync, int fd)
{
    (void)fd;
    note('d');
    return 0;
}

WRAPPED(int, fsync, int fd)
{
    struct stat info;
    assert_int_equal(fstat(fd, &info), 0);
    note(S_ISDIR(info.st_mode) ? 'D' : 's');
    return 0;
}

WRAPPED(int, unlinkat, int directory, const char *name, int flags)
{
    note('u');
    return __real_unlinkat(directory, name, flags);
}

WRAPPED(int, ftruncate64, int fd, off_t len)
{
    if (!no_cutting)
        return __real_ftruncate64(fd, len);
    errno = no_cutting;
    return -1;
}

WRAPPED(int, flock, int fd, int operation)
{
    void (*act)(void) = before_lock;
    before_lock = NULL;
    if (act)
        act();
    return __real_flock(fd, operation);
}

/* Who waits for a lock waits in vain here. */
WRAPPED(int, nanosleep, const struct timespec *time, struct timespec *left)
{
    (void)time;
    (void)left;
    return 0;
}

/* ---- A state directory of its own for each test ---------------------------------- */

static const char *at(const char *name)
{
    static char paths[4][512];
    static unsigned next;
    char *path = paths[next++ % 4];
    (void)snprintf(path, sizeof(paths[0]), "%s/%s", base, name);
    return path;
}

static int set_up(void **unused)
{
    (void)unused;
    (void)snprintf(base, sizeof(base), "/tmp/ferry-journal-XXXXXX");
    assert_non_null(mkdtemp(base));
    (void)snprintf(state, sizeof(state), "%s/deep/state", base);
    memset(calls, 0, sizeof(calls));
    no_cutting = 0;
    before_lock = NULL;
    return 0;
}

static int tear_down(void **unused)
{
    char command[128];
    (void)unused;
    (void)snprintf(command, sizeof(command), "rm -rf %s", base);
    return system(command);
}

static void make(const char *path, const char *content)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
    close(fd);
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static long size_of(const char *path)
{
    struct stat info;
    return stat(path, &info) ? -1 : (long)info.st_size;
}

static void die_with(void (*act)(struct journal *journal))
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct journal *journal = NULL;
        if (journal_open(state, &journal) == FAULT_NONE)
            act(journal);
        _exit(0); /* without journal_close: as a kill leaves it */
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void leave_a_temporary(struct journal *journal)
{
    journal_record record;
    int parent = open(base, O_PATH | O_DIRECTORY);
    make(at(".ferry-upload-\xE9 1"), "left");
    (void)journal_add_temporary(journal, parent, ".ferry-upload-\xE9 1", false, &record);
}

static void restart(void)
{
    struct journal *journal = NULL;
    assert_fault(journal_open(state, &journal), FAULT_NONE);
    journal_close(journal);
}

TEST(a_temporary_that_a_crash_left_is_removed_at_the_next_start)
{
    die_with(leave_a_temporary);
    assert_true(exists(at(".ferry-upload-\xE9 1")));
    restart();
    assert_false(exists(at(".ferry-upload-\xE9 1")));
}

static void leave_half_an_append(struct journal *journal)
{
    journal_record record;
    make(at("log"), "whole");
    int fd = open(at("log"), O_RDWR);
    (void)journal_add_length(journal, fd, 5, 13, true, &record);
    (void)!pwrite(fd, "half", 4, 5);
}

TEST(an_append_that_a_crash_cut_short_is_undone)
{
    die_with(leave_half_an_append);
    assert_int_equal(size_of(at("log")), 9);
    restart();
    assert_int_equal(size_of(at("log")), 5);
}

static void finish_an_append(struct journal *journal)
{
    journal_record record = 0;
    make(at("log"), "whole");
    int fd = open(at("log"), O_RDWR);
    (void)journal_add_length(journal, fd, 5, 10, false, &record);
    (void)!pwrite(fd, " more", 5, 5);
    (void)journal_strike(journal, record, false);
}

TEST(a_record_of_an_older_version_is_understood)
{
    struct stat info;
    char path[128];
    char record[512];
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 1000}};
    make(at("log"), "whole half");
    assert_int_equal(utimensat(AT_FDCWD, at("log"), times, 0), 0);
    assert_int_equal(stat(at("log"), &info), 0);
    assert_int_equal(mkdir(at("deep"), 0755), 0);
    assert_int_equal(mkdir(state, 0755), 0);
    (void)snprintf(path, sizeof(path), "%s/uploads-1-1", state);
    (void)snprintf(record, sizeof(record), "L 1 5 13 %llu %llu %s\n",
                   (unsigned long long)info.st_dev, (unsigned long long)info.st_ino, at("log"));
    make(path, record);
    restart();
    assert_false(exists(path));
    assert_int_equal(stat(at("log"), &info), 0);
    assert_int_equal(info.st_size, 5);
    assert_true(info.st_mtim.tv_sec > 1000); /* such a record does not know the time */
}

TEST(what_was_struck_out_is_left_alone)
{
    die_with(finish_an_append);
    restart();
    assert_int_equal(size_of(at("log")), 10);
}

TEST(what_cannot_be_undone_now_is_undone_at_a_later_start)
{
    die_with(leave_half_an_append);
    no_cutting = EIO;
    restart();
    assert_int_equal(size_of(at("log")), 9);
    no_cutting = 0;
    restart();
    assert_int_equal(size_of(at("log")), 5);
    make(at("log"), "another");
    restart(); /* done is done */
    assert_int_equal(size_of(at("log")), 7);
}

TEST(an_append_is_not_undone_while_another_process_appends)
{
    die_with(leave_half_an_append);
    int other = open(at("log"), O_RDWR);
    assert_int_equal(flock(other, LOCK_EX), 0);
    restart();
    assert_int_equal(size_of(at("log")), 9);
    close(other);
    restart();
    assert_int_equal(size_of(at("log")), 5);
}

TEST(what_another_process_appended_since_is_left_alone)
{
    die_with(leave_half_an_append);
    int other = open(at("log"), O_RDWR | O_APPEND);
    assert_int_equal(write(other, "a later line", 12), 12);
    close(other);
    restart();
    assert_int_equal(size_of(at("log")), 21);
}

TEST(another_file_of_the_same_name_is_left_alone)
{
    die_with(leave_half_an_append);
    make(at("other"), "longer than five");
    assert_int_equal(rename(at("other"), at("log")), 0);
    restart();
    assert_int_equal(size_of(at("log")), 16);
}

TEST(a_journal_whose_process_lives_is_left_alone)
{
    struct journal *living = NULL;
    journal_record record;
    assert_fault(journal_open(state, &living), FAULT_NONE);
    leave_a_temporary(living);
    restart();
    assert_true(exists(at(".ferry-upload-\xE9 1")));
    assert_fault(journal_add_length(living, 0, 0, 0, false, &record), FAULT_NONE);
    journal_close(living);
}

static void name_a_users_file(struct journal *journal)
{
    journal_record record;
    int parent = open(base, O_PATH | O_DIRECTORY);
    make(at("precious"), "x");
    (void)journal_add_temporary(journal, parent, "precious", false, &record);
}

TEST(only_the_stores_own_names_are_ever_removed)
{
    die_with(name_a_users_file);
    restart();
    assert_true(exists(at("precious")));
}

static void write_many(struct journal *journal)
{
    journal_record kept;
    int parent = open(base, O_PATH | O_DIRECTORY);
    make(at(".ferry-upload-kept"), "x");
    (void)journal_add_temporary(journal, parent, ".ferry-upload-kept", false, &kept);
    for (int i = 0; i < 5000; i++) {
        journal_record record = 0;
        (void)journal_add_temporary(journal, parent, ".ferry-upload-gone", false, &record);
        (void)journal_strike(journal, record, false);
    }
}

TEST(the_file_stays_short_and_keeps_what_is_outstanding)
{
    char command[256];
    die_with(write_many);
    (void)snprintf(command, sizeof(command), "test $(cat %s/uploads-* | wc -c) -lt 100000", state);
    assert_int_equal(system(command), 0);
    restart();
    assert_false(exists(at(".ferry-upload-kept")));
}

/* How many of the calls there were; each 'u' came when a new file was wholly on the disk. */
static size_t count_safe_removals(void)
{
    size_t removals = 0;
    bool has_data = false;
    bool has_name = false;
    for (const char *call = strchr(calls, 'D'); call && *call; call++) {
        has_data = *call == 'd' || (has_data && *call != 'o');
        has_name = *call == 'D' || (has_name && *call != 'o');
        removals += *call == 'u';
        if (*call == 'u')
            assert_true(has_data && has_name);
    }
    return removals;
}

TEST(a_synced_record_is_on_the_disk_under_its_name_at_any_moment)
{
    struct journal *journal = NULL;
    journal_record kept;
    int parent = open(base, O_PATH | O_DIRECTORY);
    assert_fault(journal_open(state, &journal), FAULT_NONE);
    assert_fault(journal_add_temporary(journal, parent, ".ferry-upload-kept", true, &kept),
                 FAULT_NONE);
    assert_string_equal(calls, "odD");
    for (int i = 0; i < 2000; i++) {
        journal_record record = 0;
        (void)journal_add_temporary(journal, parent, ".ferry-upload-gone", false, &record);
        (void)journal_strike(journal, record, false);
    }
    assert_true(count_safe_removals() > 0);
    journal_close(journal);
    close(parent);
}

static void remove_journals(void)
{
    char command[256];
    (void)snprintf(command, sizeof(command), "rm %s/uploads-*", state);
    assert_int_equal(system(command), 0);
}

TEST(a_new_journal_that_another_start_took_away_is_made_again)
{
    struct journal *journal = NULL;
    char command[256];
    before_lock = remove_journals;
    assert_fault(journal_open(state, &journal), FAULT_NONE);
    assert_null(before_lock);
    (void)snprintf(command, sizeof(command), "test $(ls %s | wc -l) -eq 1", state);
    assert_int_equal(system(command), 0);
    journal_close(journal);
}

TEST(nonsense_in_a_journal_harms_nothing)
{
    assert_int_equal(mkdir(at("deep"), 0755), 0);
    assert_int_equal(mkdir(state, 0755), 0);
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/uploads-1-1", state);
    make(path, "T\nT 1\nT 1 relative/.ferry-upload-x\nL 2 x y z /etc\nL 3 1 2\nL 4 1 2 3 "
               "4\nA 5 x\nA 6 1 2 3 4 /etc\nD\n\n%\nT 4 /%zz\n"
               "T 5 /torn");
    restart();
    assert_false(exists(path));
}

#define IN_BASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_BASE(a_temporary_that_a_crash_left_is_removed_at_the_next_start),
        IN_BASE(an_append_that_a_crash_cut_short_is_undone),
        IN_BASE(a_record_of_an_older_version_is_understood),
        IN_BASE(what_was_struck_out_is_left_alone),
        IN_BASE(what_cannot_be_undone_now_is_undone_at_a_later_start),
        IN_BASE(an_append_is_not_undone_while_another_process_appends),
        IN_BASE(what_another_process_appended_since_is_left_alone),
        IN_BASE(another_file_of_the_same_name_is_left_alone),
        IN_BASE(a_journal_whose_process_lives_is_left_alone),
        IN_BASE(only_the_stores_own_names_are_ever_removed),
        IN_BASE(the_file_stays_short_and_keeps_what_is_outstanding),
        IN_BASE(a_synced_record_is_on_the_disk_under_its_name_at_any_moment),
        IN_BASE(a_new_journal_that_another_start_took_away_is_made_again),
        IN_BASE(nonsense_in_a_journal_harms_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
