/* SPDX-License-Identifier: Apache-2.0 */
#include "client/local_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/unit.h"

/* What close says; 0: the truth. The descriptor is gone either way, as on Linux. */
static int close_error;
static char directory[64];

int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_close(int fd)
{
    int result = __real_close(fd);
    if (!close_error)
        return result;
    errno = close_error;
    return -1;
}

/* The umask is the whole process's: another thread's file would get a wrong mode meanwhile. */
mode_t __real_umask(mode_t mask);
mode_t __wrap_umask(mode_t mask);
mode_t __wrap_umask(mode_t mask)
{
    fail_msg("umask(%o) was called", mask);
    return 0;
}

static int set_up(void **unused)
{
    (void)unused;
    close_error = 0;
    __real_umask(022);
    (void)snprintf(directory, sizeof(directory), "/tmp/ferry-local-XXXXXX");
    return mkdtemp(directory) ? 0 : -1;
}

static int tear_down(void **unused)
{
    char command[128];
    (void)unused;
    close_error = 0;
    (void)snprintf(command, sizeof(command), "rm -rf %s", directory);
    return system(command);
}

static const char *path_of(const char *name)
{
    static char path[128];
    (void)snprintf(path, sizeof(path), "%s/%s", directory, name);
    return path;
}

static size_t count_names(void)
{
    size_t count = 0;
    DIR *names = opendir(directory);
    assert_non_null(names);
    for (struct dirent *entry = readdir(names); entry; entry = readdir(names))
        count += entry->d_name[0] != '.';
    closedir(names);
    return count;
}

static void assert_content(const char *name, const char *expected)
{
    char bytes[64];
    size_t len = 0;
    struct stream *stream = NULL;
    assert_fault(local_file_open(path_of(name), &stream), FAULT_NONE);
    assert_fault(stream_read(stream, bytes, sizeof(bytes), &len), FAULT_NONE);
    assert_text(((struct text){bytes, len}), expected);
    stream_close(&stream);
}

static struct stream *written(const char *name, const char *content)
{
    struct stream *stream = NULL;
    assert_fault(local_file_create(path_of(name), &stream), FAULT_NONE);
    assert_fault(stream_write(stream, content, strlen(content)), FAULT_NONE);
    return stream;
}

TEST(a_file_has_its_name_when_it_is_complete)
{
    struct stat info;
    struct stream *stream = written("f", "old");
    assert_int_equal(access(path_of("f"), F_OK), -1);
    assert_fault(local_file_publish(&stream), FAULT_NONE);
    assert_null(stream);
    assert_content("f", "old");
    assert_int_equal(stat(path_of("f"), &info), 0);
    assert_int_equal(info.st_mode & 07777, 0644);
    stream = written("f", "new");
    assert_content("f", "old");
    assert_fault(local_file_publish(&stream), FAULT_NONE);
    assert_content("f", "new");
    assert_int_equal(count_names(), 1);
}

TEST(a_file_has_the_mode_that_any_other_would_have)
{
    static const mode_t masks[] = {0, 027, 077};
    for (size_t i = 0; i < COUNT(masks); i++) {
        struct stat info;
        __real_umask(masks[i]);
        struct stream *stream = written("f", "x");
        assert_fault(local_file_publish(&stream), FAULT_NONE);
        assert_int_equal(stat(path_of("f"), &info), 0);
        assert_int_equal(info.st_mode & 07777, 0666 & ~masks[i]);
    }
}

TEST(a_file_that_is_given_up_leaves_nothing)
{
    struct stream *stream = written("f", "half");
    assert_int_equal(count_names(), 1);
    stream_close(&stream);
    assert_int_equal(count_names(), 0);
}

TEST(a_disk_that_is_full_at_close_publishes_nothing)
{
    static const int errors[] = {ENOSPC, EDQUOT, EIO};
    struct stream *stream = written("f", "old");
    assert_fault(local_file_publish(&stream), FAULT_NONE);
    for (size_t i = 0; i < COUNT(errors); i++) {
        stream = written("f", "new");
        close_error = errors[i];
        assert_fault(local_file_publish(&stream), fault_from_errno(errors[i]));
        close_error = 0;
        assert_null(stream);
        assert_content("f", "old");
        assert_int_equal(count_names(), 1);
    }
}

TEST(what_is_written_in_place_tells_of_its_close_as_well)
{
    struct stream *stream = NULL;
    int reader;
    assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
    reader = open(path_of("fifo"), O_RDONLY | O_NONBLOCK);
    stream = written("fifo", "x");
    close_error = EIO;
    assert_fault(local_file_publish(&stream), FAULT_IO);
    close_error = 0;
    close(reader);
    assert_int_equal(count_names(), 1);
}

TEST(what_cannot_be_made_is_told_at_once)
{
    struct stream *stream = NULL;
    assert_fault(local_file_create("/no/such/directory/f", &stream), FAULT_NOT_FOUND);
    assert_fault(local_file_open(path_of("none"), &stream), FAULT_NOT_FOUND);
    assert_fault(local_file_open(directory, &stream), FAULT_IS_DIRECTORY);
    assert_null(stream);
}

TEST(a_directory_in_the_way_is_a_fault_and_nothing_remains)
{
    assert_int_equal(mkdir(path_of("d"), 0755), 0);
    struct stream *stream = written("d", "x");
    assert_int_not_equal(local_file_publish(&stream), FAULT_NONE);
    assert_int_equal(count_names(), 1);
}

TEST(a_file_that_is_there_is_continued_in_place)
{
    struct stream *stream = written("f", "0123456789");
    assert_fault(local_file_publish(&stream), FAULT_NONE);
    assert_fault(local_file_continue(path_of("f"), 11, &stream), FAULT_OUT_OF_RANGE);
    assert_fault(local_file_continue(path_of("g"), 0, &stream), FAULT_NOT_FOUND);
    assert_fault(local_file_continue(directory, 0, &stream), FAULT_IS_DIRECTORY);
    assert_content("f", "0123456789");
    assert_fault(local_file_continue(path_of("f"), 4, &stream), FAULT_NONE);
    assert_fault(stream_write(stream, "ab", 2), FAULT_NONE);
    assert_fault(local_file_publish(&stream), FAULT_NONE);
    assert_content("f", "0123ab");
}

TEST(the_standard_streams_stay_open)
{
    struct stream *stream = NULL;
    close_error = EIO;
    assert_fault(local_file_create("-", &stream), FAULT_NONE);
    assert_fault(local_file_publish(&stream), FAULT_NONE);
    assert_true(fcntl(STDOUT_FILENO, F_GETFD) >= 0);
}

#define IN_DIRECTORY(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(a_file_has_its_name_when_it_is_complete),
        IN_DIRECTORY(a_file_has_the_mode_that_any_other_would_have),
        IN_DIRECTORY(a_file_that_is_given_up_leaves_nothing),
        IN_DIRECTORY(a_disk_that_is_full_at_close_publishes_nothing),
        IN_DIRECTORY(what_is_written_in_place_tells_of_its_close_as_well),
        IN_DIRECTORY(what_cannot_be_made_is_told_at_once),
        IN_DIRECTORY(a_directory_in_the_way_is_a_fault_and_nothing_remains),
        IN_DIRECTORY(a_file_that_is_there_is_continued_in_place),
        IN_DIRECTORY(the_standard_streams_stay_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
