/* SPDX-License-Identifier: Apache-2.0 */
#include "confine/landlock.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "tests/unit/confined.h"

/* A directory with `in` and `out`, which is gone after the test. */
static char base[] = "/tmp/ferry-landlock-XXXXXX";

static int set_up(void **state)
{
    (void)state;
    return !mkdtemp(base) || chdir(base) || mkdir("in", 0755) || mkdir("in/deep", 0755) ||
           mkdir("out", 0755) || mkdir("look", 0755) || symlink("../out", "in/link") ||
           close(creat("out/secret", 0644)) || close(creat("look/file", 0644));
}

static int tear_down(void **state)
{
    char command[sizeof(base) + sizeof("rm -rf ")];
    (void)state;
    (void)snprintf(command, sizeof(command), "rm -rf %s", base);
    return system(command);
}

static int enforce(void)
{
    struct landlock landlock;
    enum fault f = landlock_begin(false, &landlock);
    if (!f)
        f = landlock_allow(&landlock, "in", LANDLOCK_CHANGE);
    if (!f)
        f = landlock_allow(&landlock, "look", LANDLOCK_READ);
    if (!f)
        f = landlock_allow(&landlock, "/dev/null", LANDLOCK_WRITE);
    if (!f)
        f = landlock_enforce(&landlock);
    landlock_end(&landlock);
    if (f)
        _exit(EXIT_FAILURE); /* nothing is tried without it */
    return 0;
}

static int open_outside(void)
{
    int out = open("out", O_PATH | O_DIRECTORY);
    int wrong = enforce();
    wrong += confined_differs("file", open("out/secret", O_RDONLY), EACCES);
    wrong += confined_differs("system", open("/etc/passwd", O_RDONLY), EACCES);
    wrong += confined_differs("list", open("out", O_RDONLY | O_DIRECTORY), EACCES);
    wrong += confined_differs("link", open("in/link/secret", O_RDONLY), EACCES);
    wrong += confined_differs("dots", open("in/../out/secret", O_RDONLY), EACCES);
    wrong += confined_differs("descriptor", openat(out, "secret", O_RDONLY), EACCES);
    wrong += confined_differs("make", creat("out/new", 0644), EACCES);
    wrong += confined_differs("directory", mkdir("out/new", 0755), EACCES);
    wrong += confined_differs("remove", unlink("out/secret"), EACCES);
    wrong += confined_differs("steal", rename("out/secret", "in/secret"), EACCES);
    wrong += confined_differs("cut", truncate("out/secret", 0), EACCES);
    return wrong;
}

/* Whatever way it is asked for: this wall knows no paths, only what is reached. */
TEST(what_is_outside_is_not_reached)
{
    struct confined child;
    confined_check(open_outside, &child);
}

static int work_inside(void)
{
    struct stat info;
    int wrong = enforce();
    int fd = open("in/file", O_RDWR | O_CREAT, 0644);
    wrong += confined_differs("make", fd, 0);
    wrong += confined_differs("write", write(fd, "bytes", 5), 0);
    wrong += confined_differs("cut", ftruncate(fd, 1), 0);
    wrong += confined_differs("link", link("in/file", "in/deep/second"), 0);
    wrong += confined_differs("move", rename("in/file", "in/deep/file"), 0);
    wrong += confined_differs("symlink", symlink("file", "in/deep/short"), 0);
    wrong += confined_differs("list", open("in/deep", O_RDONLY | O_DIRECTORY), 0);
    wrong += confined_differs("directory", mkdir("in/new", 0755), 0);
    wrong += confined_differs("no directory", rmdir("in/new"), 0);
    wrong += confined_differs("remove", unlink("in/deep/second"), 0);
    wrong += confined_differs("null", open("/dev/null", O_RDWR), 0);
    wrong += confined_differs("look", open("look/file", O_RDONLY), 0);
    wrong += confined_differs("only look", open("look/file", O_WRONLY), EACCES);
    wrong += confined_differs("stat", stat("out/secret", &info), 0); /* a name is no secret */
    return wrong;
}

TEST(what_is_inside_is_as_before)
{
    struct confined child;
    confined_check(work_inside, &child);
}

/* As O_TMPFILE publishes: by /proc, which itself is outside. */
static int publish_an_unnamed_file(void)
{
    char proc[64];
    int wrong = enforce();
    int fd = open("in", O_TMPFILE | O_RDWR, 0644);
    wrong += confined_differs("unnamed", fd, 0);
    (void)snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
    wrong += confined_differs("publish",
                              linkat(AT_FDCWD, proc, AT_FDCWD, "in/public", AT_SYMLINK_FOLLOW), 0);
    wrong += confined_differs(
        "out", linkat(AT_FDCWD, proc, AT_FDCWD, "out/public", AT_SYMLINK_FOLLOW), EACCES);
    return wrong;
}

TEST(an_unnamed_file_gets_a_name_inside_only)
{
    struct confined child;
    confined_check(publish_an_unnamed_file, &child);
}

static int run_a_program(void)
{
    static char *const arguments[] = {(char *)"/bin/true", NULL};
    int wrong = enforce();
    wrong += confined_differs("program", execve("/bin/true", arguments, arguments + 1), EACCES);
    wrong += confined_differs("pipe", mkfifo("in/pipe", 0644), EACCES);
    wrong += confined_differs("device", mknod("in/device", S_IFCHR | 0644, 0), EACCES);
    return wrong;
}

TEST(no_program_runs_and_no_special_file_is_made)
{
    struct confined child;
    confined_check(run_a_program, &child);
}

static int bind_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    return bind(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof(address));
}

static int make_sockets(void)
{
    struct landlock landlock;
    int wrong = landlock_begin(false, &landlock) ||
                landlock_allow(&landlock, "in/deep", LANDLOCK_SOCKETS) ||
                landlock_allow(&landlock, "in", LANDLOCK_CHANGE) || landlock_enforce(&landlock);
    wrong += confined_differs("socket", bind_at("in/deep/socket"), 0);
    wrong += confined_differs("socket elsewhere", bind_at("in/socket"), EACCES);
    return wrong;
}

TEST(a_socket_is_made_only_where_one_may_be)
{
    struct confined child;
    confined_check(make_sockets, &child);
}

TEST(what_is_not_there_is_said_and_does_no_harm)
{
    struct landlock landlock;
    assert_fault(landlock_begin(false, &landlock), FAULT_NONE);
    assert_fault(landlock_allow(&landlock, "missing", LANDLOCK_READ), FAULT_NOT_FOUND);
    landlock_end(&landlock);
    landlock_end(&landlock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(what_is_outside_is_not_reached),
        RUN(what_is_inside_is_as_before),
        RUN(an_unnamed_file_gets_a_name_inside_only),
        RUN(no_program_runs_and_no_special_file_is_made),
        RUN(a_socket_is_made_only_where_one_may_be),
        RUN(what_is_not_there_is_said_and_does_no_harm),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
