/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "store/store_local_spare.h"
#include "tests/unit/unit.h"

enum { MORE_THAN_ARE_KEPT = 100 };

static char base[64];
static char state[80];
static struct journal *journal;

static int open_in_base(const char *name)
{
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/%s", base, name);
    (void)mkdir(path, 0755);
    int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static int set_up(void **unused)
{
    (void)unused;
    (void)snprintf(base, sizeof(base), "/tmp/ferry-spare-XXXXXX");
    assert_non_null(mkdtemp(base));
    (void)snprintf(state, sizeof(state), "%s/state", base);
    assert_fault(journal_open(state, &journal), FAULT_NONE);
    return 0;
}

static int tear_down(void **unused)
{
    char command[128];
    (void)unused;
    journal_close(journal);
    (void)snprintf(command, sizeof(command), "rm -rf %s", base);
    return system(command);
}

/* How many records in the journals' files are in force. */
static int count_records(void)
{
    char command[128];
    int count = -1;
    (void)snprintf(command, sizeof(command), "cat %s/uploads-* | grep -c '^T'", state);
    FILE *lines = popen(command, "r");
    assert_non_null(lines);
    assert_int_equal(fscanf(lines, "%d", &count), 1);
    (void)pclose(lines);
    return count;
}

static struct local_spare *borrow(int directory)
{
    struct local_spare *spare = NULL;
    assert_fault(local_spare_borrow(journal, directory, &spare), FAULT_NONE);
    assert_true(local_is_temporary(text_of(spare->name)));
    return spare;
}

TEST(a_name_that_was_given_back_is_the_next_ones_and_nothing_is_written)
{
    char first[LOCAL_NAME_SIZE];
    int directory = open_in_base("d");
    struct local_spare *one = borrow(directory);
    struct local_spare *two = borrow(directory);
    assert_string_not_equal(one->name, two->name);
    assert_int_equal(count_records(), 2);
    memcpy(first, one->name, sizeof(first));
    for (int i = 0; i < 3; i++) {
        local_spare_give_back(journal, one, true);
        one = borrow(directory);
        assert_string_equal(one->name, first);
    }
    assert_int_equal(count_records(), 2);
    local_spare_give_back(journal, one, true);
    local_spare_give_back(journal, two, true);
    close(directory);
}

TEST(another_directory_has_others_and_so_has_one_that_has_moved)
{
    char from[128];
    char to[128];
    int here = open_in_base("here");
    int there = open_in_base("there");
    local_spare_give_back(journal, borrow(here), true);
    local_spare_give_back(journal, borrow(there), true);
    assert_int_equal(count_records(), 2);
    (void)snprintf(from, sizeof(from), "%s/here", base);
    (void)snprintf(to, sizeof(to), "%s/moved", base);
    assert_int_equal(rename(from, to), 0);
    struct local_spare *moved = borrow(here);
    assert_int_equal(count_records(), 3);
    assert_int_equal(rename(to, from), 0);
    local_spare_give_back(journal, moved, true);
    close(here);
    close(there);
}

TEST(who_cannot_wait_takes_what_was_given_back_in_the_directory_and_makes_none)
{
    int here = open_in_base("here");
    int there = open_in_base("there");
    char name[LOCAL_NAME_SIZE];
    struct local_spare *spare = borrow(here);
    memcpy(name, spare->name, sizeof(name));
    assert_null(local_spare_take(journal, here));
    local_spare_give_back(journal, spare, true);
    assert_null(local_spare_take(journal, there));
    spare = local_spare_take(journal, here);
    assert_non_null(spare);
    assert_string_equal(spare->name, name);
    assert_null(local_spare_take(journal, here));
    local_spare_give_back(journal, spare, true);
    assert_int_equal(count_records(), 1);
    close(here);
    close(there);
}

TEST(that_a_directory_has_moved_who_cannot_wait_hears_a_second_later)
{
    char from[128];
    char to[128];
    const struct timespec second = {.tv_sec = 1, .tv_nsec = 1000000};
    int here = open_in_base("here");
    local_spare_give_back(journal, borrow(here), true);
    (void)snprintf(from, sizeof(from), "%s/here", base);
    (void)snprintf(to, sizeof(to), "%s/moved", base);
    assert_int_equal(rename(from, to), 0);
    nanosleep(&second, NULL);
    assert_null(local_spare_take(journal, here));
    local_spare_give_back(journal, borrow(here), true);
    struct local_spare *moved = local_spare_take(journal, here);
    assert_non_null(moved);
    assert_non_null(strstr(moved->directory, "/moved"));
    local_spare_give_back(journal, moved, true);
    /* What is at the path now is another one, and the record is right for it. */
    int next = open_in_base("here");
    assert_null(local_spare_take(journal, next));
    local_spare_give_back(journal, borrow(next), true);
    struct local_spare *there = local_spare_take(journal, next);
    assert_non_null(there);
    assert_int_equal(count_records(), 2);
    local_spare_give_back(journal, there, true);
    close(here);
    close(next);
}

TEST(a_name_that_a_file_still_has_is_nobody_elses_and_stays_in_the_journal)
{
    int directory = open_in_base("d");
    struct local_spare *spare = borrow(directory);
    char name[LOCAL_NAME_SIZE];
    memcpy(name, spare->name, sizeof(name));
    local_spare_give_back(journal, spare, false);
    spare = borrow(directory);
    assert_string_not_equal(spare->name, name);
    local_spare_give_back(journal, spare, true);
    local_spare_give_back(journal, NULL, true);
    assert_int_equal(count_records(), 2);
    close(directory);
}

TEST(of_many_the_oldest_are_struck_out)
{
    char name[16];
    for (int i = 0; i < MORE_THAN_ARE_KEPT; i++) {
        (void)snprintf(name, sizeof(name), "d%d", i);
        int directory = open_in_base(name);
        local_spare_give_back(journal, borrow(directory), true);
        close(directory);
    }
    assert_int_equal(count_records(), 64);
}

/* Dies with a file that has the name that was borrowed for the second time. */
static void die_with_a_file(void)
{
    journal_close(journal);
    if (journal_open(state, &journal))
        _exit(1);
    int directory = open_in_base("d");
    local_spare_give_back(journal, borrow(directory), true);
    const struct local_spare *spare = borrow(directory);
    _exit(openat(directory, spare->name, O_WRONLY | O_CREAT | O_EXCL, 0644) < 0);
}

TEST(what_a_crash_left_under_such_a_name_is_removed)
{
    char command[128];
    int status;
    journal_close(journal);
    pid_t child = fork();
    assert_true(child >= 0);
    journal = NULL;
    if (!child)
        die_with_a_file();
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    (void)snprintf(command, sizeof(command), "test $(ls -A %s/d | wc -l) = 1", base);
    assert_int_equal(system(command), 0);
    assert_fault(journal_open(state, &journal), FAULT_NONE);
    (void)snprintf(command, sizeof(command), "test $(ls -A %s/d | wc -l) = 0", base);
    assert_int_equal(system(command), 0);
}

#define IN_BASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_BASE(a_name_that_was_given_back_is_the_next_ones_and_nothing_is_written),
        IN_BASE(another_directory_has_others_and_so_has_one_that_has_moved),
        IN_BASE(who_cannot_wait_takes_what_was_given_back_in_the_directory_and_makes_none),
        IN_BASE(that_a_directory_has_moved_who_cannot_wait_hears_a_second_later),
        IN_BASE(a_name_that_a_file_still_has_is_nobody_elses_and_stays_in_the_journal),
        IN_BASE(of_many_the_oldest_are_struck_out),
        IN_BASE(what_a_crash_left_under_such_a_name_is_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
