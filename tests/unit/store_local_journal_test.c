/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/store_local_journal.h"
#include "tests/unit/unit.h"

static char base[64];
static char state[80];

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
    (void)journal_add_length(journal, fd, 5, true, &record);
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
    (void)journal_add_length(journal, fd, 5, false, &record);
    (void)!pwrite(fd, " more", 5, 5);
    (void)journal_strike(journal, record, false);
}

TEST(what_was_struck_out_is_left_alone)
{
    die_with(finish_an_append);
    restart();
    assert_int_equal(size_of(at("log")), 10);
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
    assert_fault(journal_add_length(living, 0, 0, false, &record), FAULT_NONE);
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

TEST(nonsense_in_a_journal_harms_nothing)
{
    assert_int_equal(mkdir(at("deep"), 0755), 0);
    assert_int_equal(mkdir(state, 0755), 0);
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/uploads-1-1", state);
    make(path, "T\nT 1\nT 1 relative/.ferry-upload-x\nL 2 x y z /etc\nL 3 1 2\nD\n\n%\nT 4 /%zz\n"
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
        IN_BASE(what_was_struck_out_is_left_alone),
        IN_BASE(another_file_of_the_same_name_is_left_alone),
        IN_BASE(a_journal_whose_process_lives_is_left_alone),
        IN_BASE(only_the_stores_own_names_are_ever_removed),
        IN_BASE(the_file_stays_short_and_keeps_what_is_outstanding),
        IN_BASE(nonsense_in_a_journal_harms_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
