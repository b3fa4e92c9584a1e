/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/time.h>

#include "tests/unit/peers.h"

static int listen_on(const char *address, uint16_t port)
{
    union endpoint local = peers_host(address, port);
    return socket_listen(&local, 4);
}

static bool is_blocking(int fd)
{
    return !(fcntl(fd, F_GETFL) & O_NONBLOCK);
}

static bool is_close_on_exec(int fd)
{
    return fcntl(fd, F_GETFD) & FD_CLOEXEC;
}

/* The number that the next descriptor would get: a leak changes it. */
static int next_descriptor(void)
{
    int fd = dup(STDERR_FILENO);
    close(fd);
    return fd;
}

static int option(int fd, int level, int name)
{
    int value = -1;
    socklen_t len = sizeof(value);
    assert_int_equal(getsockopt(fd, level, name, &value, &len), 0);
    return value;
}

TEST(a_listener_does_not_block_and_says_when_nobody_waits)
{
    union endpoint peer = peers_host("192.0.2.1", 7);
    int fd = listen_on("127.0.0.1", 0);
    assert_true(fd >= 0);
    assert_false(is_blocking(fd));
    assert_true(is_close_on_exec(fd));
    assert_int_equal(socket_accept(fd, false, &peer), -1);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(endpoint_port(&peer), 7); /* untouched */
    close(fd);
}

static void check_accepted(bool blocking)
{
    int listener = listen_on("127.0.0.1", 0);
    union endpoint target = socket_local(listener);
    union endpoint local = peers_host("127.0.0.2", 0);
    union endpoint peer;
    int client = socket_connect(&local, &target);
    assert_true(client >= 0);
    assert_false(is_blocking(client));
    assert_true(is_close_on_exec(client));
    peers_await(listener, POLLIN);
    int fd = socket_accept(listener, blocking, &peer);
    assert_true(fd >= 0);
    assert_int_equal(is_blocking(fd), blocking);
    assert_true(is_close_on_exec(fd));
    local = socket_local(client);
    assert_true(endpoint_same_host(&peer, &local));
    assert_int_equal(endpoint_port(&peer), endpoint_port(&local));
    close(fd);
    close(client);
    close(listener);
}

TEST(an_accepted_connection_blocks_as_asked_and_names_its_peer)
{
    check_accepted(true);
    check_accepted(false);
}

TEST(an_ipv6_listener_leaves_ipv4_to_another)
{
    union endpoint any = endpoint_any(AF_INET6, 0);
    int v6 = socket_listen(&any, 4);
    assert_true(v6 >= 0);
    union endpoint bound = socket_local(v6);
    assert_int_equal(bound.any.sa_family, AF_INET6);
    int v4 = listen_on("0.0.0.0", endpoint_port(&bound));
    assert_true(v4 >= 0);
    close(v4);
    close(v6);
}

TEST(a_listener_that_cannot_be_had_leaves_nothing_open)
{
    const union endpoint none = {.any = {.sa_family = AF_UNSPEC}};
    int taken = listen_on("127.0.0.1", 0);
    union endpoint local = socket_local(taken);
    int next = next_descriptor();
    assert_int_equal(socket_listen(&local, 4), -1);
    assert_int_equal(errno, EADDRINUSE);
    assert_int_equal(listen_on("192.0.2.1", 0), -1); /* RFC 5737: nobody's */
    assert_int_equal(errno, EADDRNOTAVAIL);
    assert_int_equal(socket_listen(&none, 4), -1);
    assert_int_equal(errno, EAFNOSUPPORT);
    assert_int_equal(next_descriptor(), next);
    close(taken);
}

TEST(a_connection_leaves_from_the_port_it_was_given)
{
    int listener = listen_on("127.0.0.1", 0);
    union endpoint target = socket_local(listener);
    int free_port = listen_on("127.0.0.3", 0);
    union endpoint local = socket_local(free_port);
    close(free_port);
    int fd = socket_connect(&local, &target);
    assert_true(fd >= 0);
    peers_await(fd, POLLOUT);
    assert_int_equal(socket_connect_error(fd), 0);
    union endpoint ours = socket_local(fd);
    union endpoint theirs = socket_peer(fd);
    assert_true(endpoint_same_host(&ours, &local));
    assert_int_equal(endpoint_port(&ours), endpoint_port(&local));
    assert_true(endpoint_same_host(&theirs, &target));
    assert_int_equal(endpoint_port(&theirs), endpoint_port(&target));
    close(fd);
    close(listener);
}

TEST(a_connection_nobody_takes_tells_its_error)
{
    int listener = listen_on("127.0.0.1", 0);
    union endpoint target = socket_local(listener);
    union endpoint local = peers_host("127.0.0.1", 0);
    close(listener);
    int fd = socket_connect(&local, &target);
    if (fd >= 0) { /* else the system knew at once */
        peers_await(fd, POLLOUT);
        assert_int_equal(socket_connect_error(fd), ECONNREFUSED);
        close(fd);
    } else {
        assert_int_equal(errno, ECONNREFUSED);
    }
    assert_int_equal(socket_connect_error(-1), EBADF);
}

TEST(a_connection_that_cannot_begin_leaves_nothing_open)
{
    const union endpoint none = {.any = {.sa_family = AF_UNSPEC}};
    union endpoint v4 = peers_host("127.0.0.1", 0);
    union endpoint foreign = peers_host("192.0.2.1", 0);
    int listener = listen_on("127.0.0.1", 0);
    union endpoint target = socket_local(listener);
    union endpoint v6 = peers_host("::1", endpoint_port(&target));
    int next = next_descriptor();
    assert_int_equal(socket_connect(&v4, &none), -1);
    assert_int_equal(errno, EAFNOSUPPORT);
    assert_int_equal(socket_connect(&foreign, &target), -1);
    assert_int_equal(errno, EADDRNOTAVAIL);
    assert_int_equal(socket_connect(&v4, &v6), -1);
    assert_int_equal(next_descriptor(), next);
    close(listener);
}

TEST(what_is_not_connected_has_no_peer)
{
    int ends[2];
    int listener = listen_on("127.0.0.1", 0);
    assert_int_equal(socket_peer(listener).any.sa_family, AF_UNSPEC);
    assert_int_equal(socket_local(-1).any.sa_family, AF_UNSPEC);
    assert_int_equal(socket_peer(-1).any.sa_family, AF_UNSPEC);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_int_equal(socket_local(ends[0]).any.sa_family, AF_UNSPEC);
    assert_int_equal(socket_peer(ends[0]).any.sa_family, AF_UNSPEC);
    close(ends[0]);
    close(ends[1]);
    close(listener);
}

TEST(blocking_is_switched_both_ways)
{
    int ours;
    int theirs;
    peers_connect(&ours, &theirs);
    socket_set_blocking(ours, false);
    assert_false(is_blocking(ours));
    socket_set_blocking(ours, true);
    assert_true(is_blocking(ours));
    close(ours);
    close(theirs);
}

TEST(a_stall_timeout_is_for_reads_and_writes)
{
    static const int names[] = {SO_RCVTIMEO, SO_SNDTIMEO};
    int ours;
    int theirs;
    peers_connect(&ours, &theirs);
    socket_set_stall_timeout(ours, 17);
    for (size_t i = 0; i < COUNT(names); i++) {
        struct timeval timeout = {0};
        socklen_t len = sizeof(timeout);
        assert_int_equal(getsockopt(ours, SOL_SOCKET, names[i], &timeout, &len), 0);
        assert_int_equal(timeout.tv_sec, 17);
    }
    close(ours);
    close(theirs);
}

TEST(on_a_control_connection_urgent_bytes_stay_in_the_stream)
{
    char bytes[4] = "";
    int ours;
    int theirs;
    peers_connect(&ours, &theirs);
    socket_tune_control(ours);
    assert_int_equal(option(ours, IPPROTO_TCP, TCP_NODELAY), 1);
    assert_int_equal(option(ours, SOL_SOCKET, SO_KEEPALIVE), 1);
    assert_int_equal(send(theirs, "a", 1, 0), 1);
    assert_int_equal(send(theirs, "!", 1, MSG_OOB), 1);
    assert_int_equal(send(theirs, "b", 1, 0), 1);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(recv(ours, bytes + i, 1, 0), 1);
    assert_string_equal(bytes, "a!b");
    close(ours);
    close(theirs);
}

TEST(what_a_listener_is_tuned_to_holds_for_whom_it_accepts)
{
    static const struct {
        int level;
        int name;
    } options[] = {
        {IPPROTO_TCP, TCP_NODELAY}, {IPPROTO_TCP, TCP_KEEPIDLE}, {IPPROTO_TCP, TCP_KEEPINTVL},
        {IPPROTO_TCP, TCP_KEEPCNT}, {SOL_SOCKET, SO_KEEPALIVE},  {SOL_SOCKET, SO_OOBINLINE},
    };
    union endpoint local = peers_host("127.0.0.1", 0);
    union endpoint from;
    int listener = socket_listen(&local, 1);
    assert_true(listener >= 0);
    assert_false(socket_is_tuned(listener));
    socket_tune_control(listener);
    assert_true(socket_is_tuned(listener));
    union endpoint target = socket_local(listener);
    int theirs = socket_connect(&local, &target);
    assert_true(theirs >= 0);
    peers_await(listener, POLLIN);
    int ours = socket_accept(listener, false, &from);
    assert_true(ours >= 0);
    for (size_t i = 0; i < COUNT(options); i++) {
        int value = option(ours, options[i].level, options[i].name);
        assert_int_not_equal(value, option(theirs, options[i].level, options[i].name));
        assert_int_equal(value, option(listener, options[i].level, options[i].name));
    }
    close(ours);
    close(theirs);
    close(listener);
}

TEST(on_a_control_connection_a_host_that_is_gone_is_noticed_within_minutes)
{
    enum { MINUTES = 5 };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    socket_tune_control(fd);
    assert_int_equal(option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
    int longest = option(fd, IPPROTO_TCP, TCP_KEEPIDLE) +
                  option(fd, IPPROTO_TCP, TCP_KEEPINTVL) * option(fd, IPPROTO_TCP, TCP_KEEPCNT);
    assert_in_range(longest, 1, MINUTES * 60);
    close(fd);
}

TEST(bytes_count_as_unacknowledged_until_the_peer_has_them)
{
    char waste[65536];
    int ours;
    int theirs;
    peers_connect(&ours, &theirs);
    assert_int_equal(socket_unacknowledged(ours, false), 0);
    size_t sent = peers_fill(ours);
    assert_true(socket_unacknowledged(ours, false) > 0);
    for (size_t got = 0; got < sent;) {
        ssize_t n = recv(theirs, waste, sizeof(waste), 0);
        assert_true(n > 0);
        got += (size_t)n;
    }
    for (int i = 0; i < 1000 && socket_unacknowledged(ours, false); i++)
        usleep(10 * 1000);
    assert_int_equal(socket_unacknowledged(ours, false), 0);
    assert_int_equal(socket_unacknowledged(-1, false), 0);
    close(ours);
    close(theirs);
}

TEST(the_end_itself_is_no_byte_that_is_unacknowledged)
{
    int ours;
    int theirs;
    peers_connect(&ours, &theirs);
    assert_int_equal(shutdown(ours, SHUT_WR), 0);
    assert_int_equal(socket_unacknowledged(ours, true), 0);
    close(ours);
    close(theirs);
    peers_connect(&ours, &theirs);
    assert_true(peers_fill(ours) > 0);
    assert_int_equal(shutdown(ours, SHUT_WR), 0);
    assert_true(socket_unacknowledged(ours, true) > 0);
    close(ours);
    close(theirs);
}

TEST(a_peer_has_ended_when_it_closed_whatever_is_left_to_read)
{
    int ours;
    int theirs;
    peers_connect(&ours, &theirs);
    assert_false(socket_peer_has_ended(ours));
    assert_int_equal(send(theirs, "x", 1, 0), 1);
    peers_await(ours, POLLIN);
    assert_false(socket_peer_has_ended(ours));
    close(theirs);
    peers_await(ours, POLLRDHUP);
    assert_true(socket_peer_has_ended(ours));
    close(ours);
    peers_connect(&ours, &theirs);
    peers_reset(theirs);
    peers_await(ours, POLLIN);
    assert_true(socket_peer_has_ended(ours));
    close(ours);
}

TEST(numeric_addresses_need_no_name_service)
{
    char bytes[ENDPOINT_TEXT_SIZE];
    static const struct {
        const char *host;
        const char *expected;
    } cases[] = {
        {"192.0.2.7", "192.0.2.7:65535"},
        {"2001:db8::7", "[2001:db8::7]:65535"},
        {"[2001:db8::7]", "[2001:db8::7]:65535"},
        {"::ffff:192.0.2.7", "192.0.2.7:65535"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        union endpoint found;
        struct builder b = builder_on(bytes, sizeof(bytes));
        assert_true(socket_resolve(cases[i].host, AF_UNSPEC, 65535, &found));
        endpoint_put(&found, &b);
        assert_text(builder_text(&b), cases[i].expected);
    }
}

TEST(a_host_that_cannot_be_leaves_the_endpoint_alone)
{
    char label[300];
    union endpoint found = peers_host("192.0.2.1", 7);
    memset(label, 'x', sizeof(label) - 1);
    label[sizeof(label) - 1] = '\0';
    assert_false(socket_resolve("", AF_UNSPEC, 1, &found));
    assert_false(socket_resolve(label, AF_UNSPEC, 1, &found));
    assert_false(socket_resolve("a host", AF_UNSPEC, 1, &found));
    assert_int_equal(endpoint_port(&found), 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(a_listener_does_not_block_and_says_when_nobody_waits),
        RUN(an_accepted_connection_blocks_as_asked_and_names_its_peer),
        RUN(an_ipv6_listener_leaves_ipv4_to_another),
        RUN(a_listener_that_cannot_be_had_leaves_nothing_open),
        RUN(a_connection_leaves_from_the_port_it_was_given),
        RUN(a_connection_nobody_takes_tells_its_error),
        RUN(a_connection_that_cannot_begin_leaves_nothing_open),
        RUN(what_is_not_connected_has_no_peer),
        RUN(blocking_is_switched_both_ways),
        RUN(a_stall_timeout_is_for_reads_and_writes),
        RUN(on_a_control_connection_urgent_bytes_stay_in_the_stream),
        RUN(what_a_listener_is_tuned_to_holds_for_whom_it_accepts),
        RUN(on_a_control_connection_a_host_that_is_gone_is_noticed_within_minutes),
        RUN(bytes_count_as_unacknowledged_until_the_peer_has_them),
        RUN(the_end_itself_is_no_byte_that_is_unacknowledged),
        RUN(a_peer_has_ended_when_it_closed_whatever_is_left_to_read),
        RUN(numeric_addresses_need_no_name_service),
        RUN(a_host_that_cannot_be_leaves_the_endpoint_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
