/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/un.h>

#include "server/systemd.h"
#include "tests/unit/peers.h"

enum { FIRST_FD = 3 };

static char base[64];

static int set_up(void **unused)
{
    (void)unused;
    (void)snprintf(base, sizeof(base), "/tmp/ferry-systemd-XXXXXX");
    assert_non_null(mkdtemp(base));
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    unsetenv("NOTIFY_SOCKET");
    return 0;
}

static int tear_down(void **unused)
{
    char command[128];
    (void)unused;
    (void)snprintf(command, sizeof(command), "rm -rf %s", base);
    return system(command);
}

static void pass(const char *pid, const char *count)
{
    assert_int_equal(setenv("LISTEN_PID", pid, 1), 0);
    assert_int_equal(setenv("LISTEN_FDS", count, 1), 0);
    assert_int_equal(setenv("LISTEN_FDNAMES", "ftp:ftp", 1), 0);
}

static const char *own_pid(void)
{
    static char pid[24];
    (void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
    return pid;
}

static size_t taken(void)
{
    struct listener_set set = {.count = 99};
    systemd_take_sockets(0, &set);
    return set.count;
}

/* ---- Sockets ------------------------------------------------------------------------------ */

TEST(sockets_that_were_passed_are_taken_over)
{
    struct listener_set set = {.count = 99};
    union endpoint local = peers_host("127.0.0.1", 0);
    for (int fd = FIRST_FD; fd < FIRST_FD + 2; fd++) {
        int listener = socket_listen(&local, 1);
        assert_true(listener >= 0);
        if (listener != fd) {
            assert_int_equal(dup2(listener, fd), fd);
            close(listener);
        }
        /* As systemd passes them. */
        assert_int_equal(fcntl(fd, F_SETFD, 0), 0);
        socket_set_blocking(fd, true);
    }
    pass(own_pid(), "2");
    local = socket_local(FIRST_FD + 1);
    systemd_take_sockets(endpoint_port(&local), &set);
    assert_int_equal(set.count, 2);
    assert_false(set.is_implicit[0]);
    assert_true(set.is_implicit[1]); /* the port tells */
    for (int i = 0; i < 2; i++) {
        assert_int_equal(set.fds[i], FIRST_FD + i);
        assert_true(fcntl(set.fds[i], F_GETFD) & FD_CLOEXEC);
        assert_true(fcntl(set.fds[i], F_GETFL) & O_NONBLOCK);
    }
    listener_close_all(&set);
}

TEST(what_was_taken_is_not_left_for_a_program_that_we_start)
{
    pass(own_pid(), "0");
    assert_int_equal(taken(), 0);
    assert_null(getenv("LISTEN_PID"));
    assert_null(getenv("LISTEN_FDS"));
    assert_null(getenv("LISTEN_FDNAMES"));
}

TEST(sockets_of_another_process_are_not_ours)
{
    static const char *const pids[] = {"1", "", "0", "-1", "x", "99999999999999999999"};
    for (size_t i = 0; i < COUNT(pids); i++) {
        pass(pids[i], "2");
        assert_int_equal(taken(), 0);
    }
    unsetenv("LISTEN_PID");
    assert_int_equal(taken(), 0);
}

TEST(a_count_that_makes_no_sense_is_none)
{
    static const char *const counts[] = {
        "", "-1", "2x", " 2", "0x2", "65", "99999999999999999999", "2 2"};
    for (size_t i = 0; i < COUNT(counts); i++) {
        pass(own_pid(), counts[i]);
        assert_int_equal(taken(), 0);
    }
    pass(own_pid(), "2");
    unsetenv("LISTEN_FDS");
    assert_int_equal(taken(), 0);
}

TEST(nothing_is_taken_without_systemd)
{
    assert_int_equal(taken(), 0);
}

/* ---- Notifications ------------------------------------------------------------------------- */

static int bind_to(const void *name, size_t len)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    memcpy(address.sun_path, name, len);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, size), 0);
    return fd;
}

static void assert_told(int fd, const char *expected)
{
    char bytes[64];
    ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
    if (n < 0)
        fail_msg("nothing was told");
    assert_text(((struct text){bytes, (size_t)n}), expected);
}

TEST(systemd_is_told_through_a_path)
{
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/notify", base);
    int fd = bind_to(path, strlen(path));
    assert_int_equal(setenv("NOTIFY_SOCKET", path, 1), 0);
    systemd_notify("READY=1");
    systemd_notify("STOPPING=1\nSTATUS=Draining");
    assert_told(fd, "READY=1");
    assert_told(fd, "STOPPING=1\nSTATUS=Draining");
    close(fd);
}

TEST(systemd_is_told_through_an_abstract_name)
{
    char name[64];
    int len = snprintf(name, sizeof(name), "@ferry-test-%d", (int)getpid());
    assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
    name[0] = '\0';
    int fd = bind_to(name, (size_t)len);
    systemd_notify("READY=1");
    assert_told(fd, "READY=1");
    close(fd);
}

TEST(the_longest_name_of_a_socket_is_used_and_a_longer_one_is_not)
{
    char path[sizeof(((struct sockaddr_un *)NULL)->sun_path) + 1];
    memset(path, 'x', sizeof(path));
    memcpy(path, base, strlen(base));
    path[strlen(base)] = '/';
    path[sizeof(path) - 2] = '\0';
    int fd = bind_to(path, strlen(path));
    assert_int_equal(setenv("NOTIFY_SOCKET", path, 1), 0);
    systemd_notify("READY=1");
    assert_told(fd, "READY=1");
    path[sizeof(path) - 2] = 'x';
    path[sizeof(path) - 1] = '\0';
    assert_int_equal(setenv("NOTIFY_SOCKET", path, 1), 0);
    systemd_notify("READY=1");
    assert_int_equal(recv(fd, path, 1, MSG_DONTWAIT), -1); /* not to the one it begins like */
    close(fd);
}

static int next_descriptor(void)
{
    int fd = dup(STDERR_FILENO);
    close(fd);
    return fd;
}

TEST(a_notification_that_nobody_takes_leaves_nothing_open)
{
    int next = next_descriptor();
    systemd_notify("READY=1"); /* no NOTIFY_SOCKET */
    assert_int_equal(setenv("NOTIFY_SOCKET", "", 1), 0);
    systemd_notify("READY=1");
    assert_int_equal(setenv("NOTIFY_SOCKET", "/nowhere/notify", 1), 0);
    systemd_notify("READY=1");
    assert_int_equal(next_descriptor(), next);
}

#define IN_BASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_BASE(sockets_that_were_passed_are_taken_over),
        IN_BASE(what_was_taken_is_not_left_for_a_program_that_we_start),
        IN_BASE(sockets_of_another_process_are_not_ours),
        IN_BASE(a_count_that_makes_no_sense_is_none),
        IN_BASE(nothing_is_taken_without_systemd),
        IN_BASE(systemd_is_told_through_a_path),
        IN_BASE(systemd_is_told_through_an_abstract_name),
        IN_BASE(the_longest_name_of_a_socket_is_used_and_a_longer_one_is_not),
        IN_BASE(a_notification_that_nobody_takes_leaves_nothing_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
