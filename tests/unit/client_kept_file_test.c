/* SPDX-License-Identifier: Apache-2.0 */
#include "client/kept_file.h"

#include <dirent.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "tests/unit/kept_home.h"

static size_t count_names(const char *path)
{
    size_t count = 0;
    DIR *names = opendir(path);
    assert_non_null(names);
    for (struct dirent *entry = readdir(names); entry; entry = readdir(names))
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(names);
    return count;
}

TEST(the_path_is_below_the_configuration_directory)
{
    char path[KEPT_PATH_SIZE];
    assert_fault(kept_file_path("known_servers", path), FAULT_NONE);
    assert_string_equal(path, home_path(".config/ferry/known_servers"));
    assert_int_equal(setenv("XDG_CONFIG_HOME", "/elsewhere", 1), 0);
    assert_fault(kept_file_path("known_servers", path), FAULT_NONE);
    assert_string_equal(path, "/elsewhere/ferry/known_servers");
    assert_int_equal(setenv("XDG_CONFIG_HOME", "relative", 1), 0);
    assert_fault(kept_file_path("known_servers", path), FAULT_NONE);
    assert_string_equal(path, home_path(".config/ferry/known_servers"));
    assert_fault(kept_file_home_path(".netrc", path), FAULT_NONE);
    assert_string_equal(path, home_path(".netrc"));
    assert_fault(kept_file_state_path("history", path), FAULT_NONE);
    assert_string_equal(path, home_path(".local/state/ferry/history"));
    assert_int_equal(setenv("XDG_STATE_HOME", "/elsewhere", 1), 0);
    assert_fault(kept_file_state_path("history", path), FAULT_NONE);
    assert_string_equal(path, "/elsewhere/ferry/history");
    assert_int_equal(unsetenv("XDG_STATE_HOME"), 0);
}

TEST(a_path_that_does_not_fit_is_a_fault)
{
    static char name[KEPT_PATH_SIZE];
    char path[KEPT_PATH_SIZE] = "untouched";
    memset(name, 'a', sizeof(name) - 1);
    assert_fault(kept_file_path(name, path), FAULT_NAME_INVALID);
    assert_string_equal(path, "untouched");
}

TEST(a_file_is_read_with_who_else_may)
{
    static const struct {
        mode_t mode;
        bool is_private;
        bool is_trusted;
    } cases[] = {
        {0600, true, true},  {0400, true, true},  {0700, true, true},   {0640, false, true},
        {0604, false, true}, {0610, false, true}, {0620, false, false}, {0602, false, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct kept_file file;
        const char *path = home_write("file", "one\ntwo\n", cases[i].mode);
        assert_fault(kept_file_read(path, &file), FAULT_NONE);
        assert_text(kept_file_text(&file), "one\ntwo\n");
        assert_int_equal(file.is_private, cases[i].is_private);
        assert_int_equal(file.is_trusted, cases[i].is_trusted);
        kept_file_done(&file);
        assert_null(file.bytes);
        assert_int_equal(unlink(path), 0);
    }
}

TEST(a_file_of_somebody_else_is_not_trusted)
{
    struct kept_file file;
    if (geteuid()) /* nobody else can give a file away */
        skip();
    const char *path = home_write("file", "x", 0600);
    assert_int_equal(chown(path, 12345, 0), 0);
    assert_fault(kept_file_read(path, &file), FAULT_NONE);
    assert_false(file.is_private);
    assert_false(file.is_trusted);
    kept_file_done(&file);
}

TEST(what_is_no_plain_file_is_not_read)
{
    struct kept_file file;
    assert_fault(kept_file_read(home_path("missing"), &file), FAULT_NOT_FOUND);
    assert_fault(kept_file_read(home_directory, &file), FAULT_NOT_PLAIN_FILE);
    assert_int_equal(mkfifo(home_path("fifo"), 0600), 0);
    assert_fault(kept_file_read(home_path("fifo"), &file), FAULT_NOT_PLAIN_FILE);
}

TEST(a_file_has_a_largest_size)
{
    struct kept_file file;
    const char *path = home_write("file", "", 0600);
    assert_int_equal(truncate(path, KEPT_FILE_MAX), 0);
    assert_fault(kept_file_read(path, &file), FAULT_NONE);
    assert_int_equal(file.len, KEPT_FILE_MAX);
    kept_file_done(&file);
    assert_int_equal(truncate(path, KEPT_FILE_MAX + 1), 0);
    assert_fault(kept_file_read(path, &file), FAULT_TOO_LARGE);
}

/* What it is to be; NULL: the same as before. */
static enum fault put_other(void *context, const struct kept_file *file, struct builder *b)
{
    builder_put(b, context ? text_of(context) : kept_file_text(file));
    return FAULT_NONE;
}

static enum fault change(const char *path, const char *content)
{
    return kept_file_change(path, put_other, (void *)content);
}

TEST(what_is_missing_is_made_for_nobody_else)
{
    const char *path = home_path(".config/ferry/file");
    assert_int_equal(umask(0), 022);
    assert_fault(change(path, "new"), FAULT_NONE);
    assert_int_equal(home_mode(home_path(".config")), 0700);
    assert_int_equal(home_mode(home_path(".config/ferry")), 0700);
    assert_int_equal(home_mode(path), 0600);
    assert_string_equal(home_read(path), "new");
}

TEST(a_file_is_replaced_whole_and_for_nobody_else)
{
    struct stat before;
    struct stat after;
    const char *path = home_write("file", "old and longer", 0644);
    assert_int_equal(stat(path, &before), 0);
    assert_fault(change(path, "new"), FAULT_NONE);
    assert_int_equal(stat(path, &after), 0);
    assert_string_equal(home_read(path), "new");
    assert_int_not_equal(before.st_ino, after.st_ino); /* never was half of each */
    assert_int_equal(after.st_mode & 07777, 0600);
    assert_int_equal(count_names(home_directory), 1);
}

TEST(a_link_stays_a_link)
{
    struct stat info;
    const char *target = home_write("target", "old", 0600);
    const char *path = home_path("file");
    assert_int_equal(symlink("target", path), 0);
    assert_fault(change(path, "new"), FAULT_NONE);
    assert_int_equal(lstat(path, &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    assert_string_equal(home_read(target), "new");
}

TEST(a_file_that_cannot_be_written_stays_what_it_was)
{
    struct rlimit before;
    static char content[1024];
    const char *path = home_write("file", "old", 0600);
    memset(content, 'x', sizeof(content) - 1);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    struct rlimit small = {.rlim_cur = 100, .rlim_max = before.rlim_max};
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum fault f = change(path, content);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_fault(f, FAULT_TOO_LARGE);
    assert_string_equal(home_read(path), "old");
    assert_int_equal(count_names(home_directory), 1); /* and nothing lies about */
}

static enum fault refuse(void *context, const struct kept_file *file, struct builder *b)
{
    (void)context;
    (void)file;
    builder_put(b, TEXT("half of it"));
    return FAULT_EXISTS;
}

static enum fault put_twice(void *context, const struct kept_file *file, struct builder *b)
{
    (void)context;
    builder_put(b, kept_file_text(file));
    builder_put(b, kept_file_text(file));
    return FAULT_NONE;
}

TEST(a_change_that_is_refused_or_does_not_fit_changes_nothing)
{
    struct stat info;
    const char *path = home_write("file", "old", 0600);
    assert_fault(kept_file_change(path, refuse, NULL), FAULT_EXISTS);
    assert_string_equal(home_read(path), "old");
    assert_int_equal(truncate(path, KEPT_FILE_MAX / 2 + 1), 0);
    assert_fault(kept_file_change(path, put_twice, NULL), FAULT_TOO_LARGE);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_size, KEPT_FILE_MAX / 2 + 1);
}

static enum fault add_byte(void *context, const struct kept_file *file, struct builder *b)
{
    (void)context;
    builder_put(b, kept_file_text(file));
    builder_put_byte(b, 'x');
    return FAULT_NONE;
}

TEST(nothing_is_lost_when_several_change_it_at_once)
{
    enum { PROCESSES = 4, TIMES = 25 };
    const char *path = home_path("file");
    for (int i = 0; i < PROCESSES; i++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child)
            continue;
        for (int n = 0; n < TIMES; n++)
            if (kept_file_change(path, add_byte, NULL))
                _exit(1);
        _exit(0);
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    assert_int_equal(strlen(home_read(path)), PROCESSES * TIMES);
}

TEST(a_lock_that_another_keeps_is_given_up)
{
    const char *path = home_write("file", "old", 0600);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_fault(change(path, "new"), FAULT_BUSY);
    assert_string_equal(home_read(path), "old");
    close(fd);
    assert_fault(change(path, "new"), FAULT_NONE);
    assert_string_equal(home_read(path), "new");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_AT_HOME(the_path_is_below_the_configuration_directory),
        RUN_AT_HOME(a_path_that_does_not_fit_is_a_fault),
        RUN_AT_HOME(a_file_is_read_with_who_else_may),
        RUN_AT_HOME(a_file_of_somebody_else_is_not_trusted),
        RUN_AT_HOME(what_is_no_plain_file_is_not_read),
        RUN_AT_HOME(a_file_has_a_largest_size),
        RUN_AT_HOME(what_is_missing_is_made_for_nobody_else),
        RUN_AT_HOME(a_file_is_replaced_whole_and_for_nobody_else),
        RUN_AT_HOME(a_link_stays_a_link),
        RUN_AT_HOME(a_file_that_cannot_be_written_stays_what_it_was),
        RUN_AT_HOME(a_change_that_is_refused_or_does_not_fit_changes_nothing),
        RUN_AT_HOME(nothing_is_lost_when_several_change_it_at_once),
        RUN_AT_HOME(a_lock_that_another_keeps_is_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
