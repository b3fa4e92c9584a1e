/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "monitor/monitor_file.h"
#include "tests/unit/roots_files.h"

static void make_link(const char *target, const char *name)
{
    assert_int_equal(symlink(target, at(name)), 0);
}

static void make_directory(const char *name, mode_t mode, uid_t owner)
{
    assert_int_equal(mkdir(at(name), 0700), 0);
    assert_int_equal(chmod(at(name), mode), 0);
    assert_int_equal(chown(at(name), owner, 0), 0);
}

static void assert_opens(const char *name, const char *content)
{
    char bytes[PATH_SIZE] = "";
    int fd = -1;
    assert_fault(monitor_file_open(at(name), &fd), FAULT_NONE);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
    assert_int_equal(read(fd, bytes, sizeof(bytes) - 1), strlen(content));
    assert_string_equal(bytes, content);
    close(fd);
}

static void assert_refuses(const char *name, enum fault why)
{
    int fd = -1;
    assert_fault(monitor_file_open(at(name), &fd), why);
    assert_int_equal(fd, -1);
}

/* The number that the next descriptor would get: a leak changes it. */
static int next_descriptor(void)
{
    int fd = dup(STDERR_FILENO);
    close(fd);
    return fd;
}

/* ---- What is opened ------------------------------------------------------------- */

TEST(a_file_of_roots_is_opened_for_reading)
{
    int before = next_descriptor();
    make_file("key", "secret");
    make_directory("deeper", 0755, 0);
    make_file("deeper/key", "deep");
    assert_opens("key", "secret");
    assert_opens("deeper/../deeper/./key", "deep");
    assert_opens("/deeper//key", "deep");
    assert_int_equal(next_descriptor(), before);
}

/* As certbot has it: live/host/privkey.pem -> ../../archive/host/privkey7.pem */
TEST(links_of_roots_are_followed_to_what_is_there_now)
{
    int before = next_descriptor();
    make_directory("live", 0700, 0);
    make_directory("archive", 0700, 0);
    make_file("archive/key1", "old");
    make_file("archive/key2", "new");
    make_link("../archive/key1", "live/key");
    char absolute[PATH_SIZE];
    memcpy(absolute, at("live"), PATH_SIZE);
    make_link(absolute, "current");
    assert_opens("live/key", "old");
    assert_opens("current/key", "old");
    assert_int_equal(unlink(at("live/key")), 0);
    make_link("../archive/key2", "live/key");
    assert_opens("current/key", "new");
    assert_int_equal(next_descriptor(), before);
}

/* ---- What is not ------------------------------------------------------------------ */

TEST(what_is_no_plain_file_is_refused_and_not_waited_for)
{
    int before = next_descriptor();
    make_directory("directory", 0755, 0);
    assert_int_equal(mkfifo(at("pipe"), 0600), 0);
    make_file("file", "");
    assert_refuses("directory", FAULT_NOT_PLAIN_FILE);
    assert_refuses("pipe", FAULT_NOT_PLAIN_FILE);
    assert_refuses("file/below", FAULT_NOT_PLAIN_FILE);
    assert_refuses("missing", FAULT_NOT_FOUND);
    assert_int_equal(next_descriptor(), before);
}

TEST(a_path_that_is_not_absolute_or_too_long_is_refused)
{
    static char path[8192];
    int fd = -1;
    memset(path, 'a', sizeof(path) - 1);
    assert_fault(monitor_file_open("etc/passwd", &fd), FAULT_NAME_INVALID);
    assert_fault(monitor_file_open("", &fd), FAULT_NAME_INVALID);
    path[0] = '/';
    assert_fault(monitor_file_open(path, &fd), FAULT_NAME_INVALID);
    path[1000] = '\0';
    assert_fault(monitor_file_open(path, &fd), FAULT_NAME_INVALID);
    assert_int_equal(fd, -1);
}

TEST(links_that_lead_in_a_circle_end)
{
    int before = next_descriptor();
    make_link("b", "a");
    make_link("a", "b");
    assert_refuses("a", FAULT_LINK_LOOP);
    make_link("self/self", "self");
    assert_refuses("self", FAULT_LINK_LOOP);
    assert_int_equal(next_descriptor(), before);
}

/* A server that was taken over must not get /etc/shadow by putting a link where its key was. */
TEST(nothing_is_opened_where_another_than_root_can_put_it)
{
    int before = next_descriptor();
    make_directory("theirs", 0700, SOMEBODY);
    make_file("theirs/key", "");
    make_link("/etc/passwd", "theirs/link");
    make_directory("open", 0777, 0);
    make_link("/etc/passwd", "open/link");
    make_directory("group", 0770, 0);
    make_file("group/key", "");
    make_link("theirs/link", "indirect");
    make_link("theirs/key", "to_theirs");
    const char *const names[] = {"theirs/key", "theirs/link", "open/link",
                                 "group/key",  "indirect",    "to_theirs"};
    for (size_t i = 0; i < COUNT(names); i++)
        assert_refuses(names[i], FAULT_DENIED);
    assert_int_equal(next_descriptor(), before);
}

/* /tmp: what is root's there stays, but anybody can have made anything else. */
TEST(in_a_directory_that_is_shared_only_directories_of_roots_count)
{
    make_directory("shared", 01777, 0);
    make_directory("shared/ours", 0755, 0);
    make_directory("shared/theirs", 0755, SOMEBODY);
    make_file("shared/ours/key", "ours");
    make_file("shared/theirs/key", "");
    make_file("shared/key", "");
    make_link("/etc/passwd", "shared/link");
    assert_opens("shared/ours/key", "ours");
    assert_refuses("shared/theirs/key", FAULT_DENIED);
    assert_refuses("shared/key", FAULT_DENIED);
    assert_refuses("shared/link", FAULT_DENIED);
}

TEST(a_link_of_somebody_elses_is_not_followed)
{
    make_link("/etc/passwd", "link");
    assert_int_equal(lchown(at("link"), SOMEBODY, 0), 0);
    assert_refuses("link", FAULT_DENIED);
}

int main(void)
{
    if (geteuid() != 0) {
        (void)puts("1..0 # SKIP only root can make files that are not its own");
        return EXIT_SUCCESS;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_of_roots_is_opened_for_reading, set_up, tear_down),
        cmocka_unit_test_setup_teardown(links_of_roots_are_followed_to_what_is_there_now, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_plain_file_is_refused_and_not_waited_for, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_path_that_is_not_absolute_or_too_long_is_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(links_that_lead_in_a_circle_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_opened_where_another_than_root_can_put_it,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            in_a_directory_that_is_shared_only_directories_of_roots_count, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_link_of_somebody_elses_is_not_followed, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
