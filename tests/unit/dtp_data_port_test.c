/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>
#include <unistd.h>

#include "dtp/data_port.h"
#include "net/socket.h"
#include "tests/unit/unit.h"

static union endpoint host(const char *address, uint16_t port)
{
    union endpoint e;
    assert_true(endpoint_parse_host(text_of(address), port, &e));
    return e;
}

static int connect_from(const char *address, const union endpoint *to)
{
    union endpoint local = host(address, 0);
    int fd = socket_connect(&local, to);
    assert_true(fd >= 0);
    struct pollfd ready = {.fd = fd, .events = POLLOUT};
    assert_int_equal(poll(&ready, 1, 5000), 1);
    assert_int_equal(socket_connect_error(fd), 0);
    return fd;
}

static enum fault accept_within_a_second(struct data_port *port, const union endpoint *peer,
                                         bool any_host, int *fd)
{
    enum fault f = FAULT_BUSY;
    for (int i = 0; f == FAULT_BUSY && i < 100; i++) {
        struct pollfd ready = {.fd = port->listener, .events = POLLIN};
        (void)poll(&ready, 1, 10);
        f = data_port_accept(port, peer, any_host, fd);
    }
    return f;
}

TEST(a_passive_port_takes_the_right_host_and_drops_strangers)
{
    struct data_port port;
    union endpoint local = host("127.0.0.1", 0);
    union endpoint listening;
    union endpoint peer = host("127.0.0.2", 4711);
    int accepted = -1;
    data_port_init(&port);
    assert_fault(data_port_listen(&port, &local, (struct port_range){0, 0}, &listening),
                 FAULT_NONE);
    assert_fault(data_port_accept(&port, &peer, false, &accepted), FAULT_BUSY);
    int stranger = connect_from("127.0.0.3", &listening);
    assert_fault(accept_within_a_second(&port, &peer, false, &accepted), FAULT_BUSY);
    char byte;
    assert_int_equal(read(stranger, &byte, 1), 0);
    int right = connect_from("127.0.0.2", &listening);
    assert_fault(accept_within_a_second(&port, &peer, false, &accepted), FAULT_NONE);
    data_port_reset(&port);
    assert_int_equal(port.kind, DATA_PORT_DEFAULT);
    assert_int_equal(port.listener, -1);
    close(stranger);
    close(right);
    close(accepted);
}

TEST(with_any_host_a_stranger_is_welcome)
{
    struct data_port port;
    union endpoint local = host("127.0.0.1", 0);
    union endpoint listening;
    int accepted = -1;
    data_port_init(&port);
    assert_fault(data_port_listen(&port, &local, (struct port_range){0, 0}, &listening),
                 FAULT_NONE);
    int stranger = connect_from("127.0.0.3", &listening);
    assert_fault(accept_within_a_second(&port, &local, true, &accepted), FAULT_NONE);
    data_port_reset(&port);
    close(stranger);
    close(accepted);
}

TEST(a_passive_port_comes_from_its_range_and_a_full_range_is_told)
{
    struct data_port ports[4];
    union endpoint local = host("127.0.0.9", 0);
    union endpoint listening;
    const struct port_range range = {40100, 40102};
    unsigned seen = 0;
    for (int i = 0; i < 3; i++) {
        data_port_init(&ports[i]);
        assert_fault(data_port_listen(&ports[i], &local, range, &listening), FAULT_NONE);
        assert_in_range(endpoint_port(&listening), range.first, range.last);
        seen |= 1U << (endpoint_port(&listening) - range.first);
    }
    assert_int_equal(seen, 7);
    data_port_init(&ports[3]);
    assert_fault(data_port_listen(&ports[3], &local, range, &listening), FAULT_NO_DATA_CONNECTION);
    /* A second PASV of one session gives its first port back. */
    assert_fault(data_port_listen(&ports[0], &local, range, &listening), FAULT_NONE);
    for (int i = 0; i < 4; i++)
        data_port_reset(&ports[i]);
}

static int accept_one(int listener, union endpoint *from)
{
    struct pollfd ready = {.fd = listener, .events = POLLIN};
    assert_int_equal(poll(&ready, 1, 5000), 1);
    int fd = socket_accept(listener, true, from);
    assert_true(fd >= 0);
    return fd;
}

TEST(an_active_port_is_connected_from_the_port_below_the_control_port)
{
    struct data_port port;
    union endpoint any = host("127.0.0.1", 0);
    int listener = socket_listen(&any, 1);
    union endpoint target = socket_local(listener);
    union endpoint control_local = host("127.0.0.1", 40201);
    union endpoint control_remote = host("127.0.0.1", 4711);
    union endpoint from;
    int fd = -1;
    data_port_init(&port);
    data_port_set_target(&port, &target);
    assert_fault(data_port_connect(&port, &control_local, &control_remote, &fd), FAULT_NONE);
    int accepted = accept_one(listener, &from);
    assert_int_equal(endpoint_port(&from), 40200);
    close(accepted);
    close(fd);
    close(listener);
    data_port_reset(&port);
}

TEST(without_port_or_pasv_the_peers_control_port_is_connected)
{
    struct data_port port;
    union endpoint any = host("127.0.0.1", 0);
    int listener = socket_listen(&any, 1);
    union endpoint control_remote = socket_local(listener);
    union endpoint control_local = host("127.0.0.1", 40301);
    union endpoint from;
    int fd = -1;
    data_port_init(&port);
    assert_fault(data_port_connect(&port, &control_local, &control_remote, &fd), FAULT_NONE);
    int accepted = accept_one(listener, &from);
    assert_int_equal(endpoint_port(&from), 40300);
    close(accepted);
    close(fd);
    close(listener);
}

TEST(a_source_port_that_is_taken_is_done_without)
{
    struct data_port port;
    union endpoint any = host("127.0.0.1", 0);
    union endpoint taken = host("127.0.0.1", 40400);
    int blocker = socket_listen(&taken, 1);
    int listener = socket_listen(&any, 1);
    union endpoint target = socket_local(listener);
    union endpoint control_local = host("127.0.0.1", 40401);
    union endpoint from;
    int fd = -1;
    assert_true(blocker >= 0);
    data_port_init(&port);
    data_port_set_target(&port, &target);
    assert_fault(data_port_connect(&port, &control_local, &control_local, &fd), FAULT_NONE);
    int accepted = accept_one(listener, &from);
    assert_int_not_equal(endpoint_port(&from), 40400);
    close(accepted);
    close(fd);
    close(listener);
    close(blocker);
    data_port_reset(&port);
}

static void assert_nobody_listens(const union endpoint *address)
{
    union endpoint local = host("127.0.0.1", 0);
    int fd = socket_connect(&local, address);
    if (fd < 0)
        return; /* the system knew at once */
    struct pollfd ready = {.fd = fd, .events = POLLOUT};
    assert_int_equal(poll(&ready, 1, 5000), 1);
    assert_int_not_equal(socket_connect_error(fd), 0);
    close(fd);
}

TEST(a_new_port_takes_the_place_of_the_one_before)
{
    struct data_port port;
    union endpoint local = host("127.0.0.8", 0);
    union endpoint target = host("127.0.0.2", 4711);
    union endpoint first;
    union endpoint second;
    data_port_init(&port);
    assert_fault(data_port_listen(&port, &local, (struct port_range){40110, 40110}, &first),
                 FAULT_NONE);
    assert_fault(data_port_listen(&port, &local, (struct port_range){40111, 40111}, &second),
                 FAULT_NONE);
    assert_nobody_listens(&first);
    data_port_set_target(&port, &target);
    assert_int_equal(port.kind, DATA_PORT_ACTIVE);
    assert_int_equal(port.listener, -1);
    assert_int_equal(endpoint_port(&port.target), 4711);
    assert_nobody_listens(&second);
    data_port_reset(&port);
    assert_int_equal(port.kind, DATA_PORT_DEFAULT);
}

TEST(a_listener_that_cannot_be_had_leaves_the_default_port)
{
    struct data_port port;
    union endpoint foreign = host("192.0.2.1", 0);
    union endpoint local = host("192.0.2.9", 7);
    data_port_init(&port);
    assert_fault(data_port_listen(&port, &foreign, (struct port_range){0, 0}, &local),
                 FAULT_NO_DATA_CONNECTION);
    assert_int_equal(port.kind, DATA_PORT_DEFAULT);
    assert_int_equal(port.listener, -1);
    assert_int_equal(endpoint_port(&local), 7);
}

TEST(a_target_of_the_other_family_is_connected_from_any_address)
{
    struct data_port port;
    union endpoint v6 = host("::1", 0);
    union endpoint control = host("127.0.0.1", 0);
    int fd = -1;
    int listener = socket_listen(&v6, 1);
    assert_true(listener >= 0);
    union endpoint target = socket_local(listener);
    data_port_init(&port);
    data_port_set_target(&port, &target);
    endpoint_set_port(&control, 2121);
    assert_fault(data_port_connect(&port, &control, &control, &fd), FAULT_NONE);
    struct pollfd ready = {.fd = fd, .events = POLLOUT};
    assert_int_equal(poll(&ready, 1, 5000), 1);
    assert_int_equal(socket_connect_error(fd), 0);
    close(fd);
    close(listener);
}

/* ---- A listener between two transfers ------------------------------------------------- */

/* One that had its connection; `ret_listening` is where it listened. */
static void open_resting(struct data_port *port, union endpoint *ret_listening)
{
    union endpoint local = host("127.0.0.1", 0);
    int accepted = -1;
    data_port_init(port);
    assert_fault(data_port_listen(port, &local, (struct port_range){0, 0}, ret_listening),
                 FAULT_NONE);
    int right = connect_from("127.0.0.1", ret_listening);
    assert_fault(accept_within_a_second(port, &local, false, &accepted), FAULT_NONE);
    data_port_rest(port);
    close(accepted);
    close(right);
}

static void await_arrival(const struct data_port *port)
{
    struct pollfd ready = {.fd = port->listener, .events = POLLIN};
    assert_int_equal(poll(&ready, 1, 5000), 1);
}

TEST(a_listener_that_rests_is_no_passive_port_until_it_is_taken_up)
{
    struct data_port port;
    union endpoint local = host("127.0.0.1", 0);
    union endpoint before;
    union endpoint after;
    open_resting(&port, &before);
    assert_int_equal(port.kind, DATA_PORT_DEFAULT);
    assert_true(port.listener >= 0);
    assert_false(data_port_is_known(&port));
    assert_true(data_port_take_up(&port, &local, &after));
    assert_int_equal(port.kind, DATA_PORT_PASSIVE);
    assert_int_equal(endpoint_port(&after), endpoint_port(&before));
    assert_true(endpoint_same_host(&after, &before));
    assert_false(data_port_take_up(&port, &local, &after)); /* PASV again is another port */
    int accepted = -1;
    int right = connect_from("127.0.0.1", &after);
    assert_fault(accept_within_a_second(&port, &local, false, &accepted), FAULT_NONE);
    close(accepted);
    close(right);
    data_port_reset(&port);
    assert_false(data_port_take_up(&port, &local, &after)); /* nothing rests */
}

TEST(a_port_that_somebody_has_come_to_is_not_taken_up)
{
    struct data_port port;
    union endpoint local = host("127.0.0.1", 0);
    union endpoint listening;
    char byte;
    static const char *const strangers[] = {"127.0.0.1", "127.0.0.2"};
    for (size_t i = 0; i < 2; i++) {
        open_resting(&port, &listening);
        int stranger = connect_from(strangers[i], &listening);
        await_arrival(&port);
        assert_false(data_port_take_up(&port, &local, &listening));
        assert_int_equal(read(stranger, &byte, 1), 0);
        data_port_reset(&port);
        close(stranger);
    }
}

TEST(who_comes_to_a_listener_that_rests_is_turned_away)
{
    struct data_port port;
    union endpoint listening;
    char byte;
    open_resting(&port, &listening);
    int stranger = connect_from("127.0.0.2", &listening);
    await_arrival(&port);
    assert_true(data_port_is_known(&port));
    assert_int_equal(read(stranger, &byte, 1), 0);
    assert_false(data_port_is_known(&port)); /* nobody else has come */
    close(stranger);
    data_port_reset(&port);
}

TEST(a_listener_of_another_host_is_not_taken_up)
{
    struct data_port port;
    union endpoint other = host("127.0.0.2", 0);
    union endpoint listening;
    open_resting(&port, &listening);
    assert_false(data_port_take_up(&port, &other, &listening));
    assert_int_equal(port.kind, DATA_PORT_DEFAULT);
    data_port_reset(&port);
}

TEST(a_target_takes_the_place_of_a_listener_that_rests)
{
    struct data_port port;
    union endpoint local = host("127.0.0.1", 0);
    union endpoint target = host("127.0.0.1", 40999);
    union endpoint listening;
    open_resting(&port, &listening);
    data_port_set_target(&port, &target);
    assert_int_equal(port.listener, -1);
    assert_false(data_port_take_up(&port, &local, &listening));
    data_port_reset(&port);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(a_passive_port_takes_the_right_host_and_drops_strangers),
        RUN(with_any_host_a_stranger_is_welcome),
        RUN(a_passive_port_comes_from_its_range_and_a_full_range_is_told),
        RUN(an_active_port_is_connected_from_the_port_below_the_control_port),
        RUN(without_port_or_pasv_the_peers_control_port_is_connected),
        RUN(a_source_port_that_is_taken_is_done_without),
        RUN(a_new_port_takes_the_place_of_the_one_before),
        RUN(a_listener_that_cannot_be_had_leaves_the_default_port),
        RUN(a_target_of_the_other_family_is_connected_from_any_address),
        RUN(a_listener_that_rests_is_no_passive_port_until_it_is_taken_up),
        RUN(a_port_that_somebody_has_come_to_is_not_taken_up),
        RUN(who_comes_to_a_listener_that_rests_is_turned_away),
        RUN(a_listener_of_another_host_is_not_taken_up),
        RUN(a_target_takes_the_place_of_a_listener_that_rests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
