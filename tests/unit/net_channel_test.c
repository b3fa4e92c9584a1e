/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>

#include "net/channel.h"
#include "tests/unit/peers.h"

enum { LARGE_BYTES = 8 * 1024 * 1024, PATIENCE_S = 10 };

static char large[LARGE_BYTES];

struct pair {
    struct channel channel;
    int other;
};

static void open_pair(struct pair *pair, unsigned stall_seconds)
{
    int ours;
    peers_connect(&ours, &pair->other);
    channel_open(&pair->channel, ours, stall_seconds);
}

static void close_pair(struct pair *pair)
{
    channel_close(&pair->channel);
    if (pair->other >= 0)
        close(pair->other);
}

/* Until their writes know that nobody is there. */
static void reset_other(struct pair *pair)
{
    peers_reset(pair->other);
    pair->other = -1;
    peers_await(pair->channel.fd, POLLIN);
}

/* Reads to the end of what the channel says; counts it. */
static void *read_to_end(void *argument)
{
    struct pair *pair = argument;
    static char bytes[65536];
    size_t total = 0;
    ssize_t n;
    while ((n = recv(pair->other, bytes, sizeof(bytes), 0)) > 0)
        total += (size_t)n;
    return (void *)(n == 0 ? total : SIZE_MAX);
}

static int file_of(const char *content)
{
    char name[] = "/tmp/ferry-channel-XXXXXX";
    int fd = mkstemp(name);
    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
    unlink(name);
    return fd;
}

TEST(an_open_channel_blocks_whatever_the_socket_did_before)
{
    struct pair pair;
    int ours;
    peers_connect(&ours, &pair.other);
    socket_set_blocking(ours, false);
    channel_open(&pair.channel, ours, PATIENCE_S);
    assert_int_equal(fcntl(ours, F_GETFL) & O_NONBLOCK, 0);
    close_pair(&pair);
    assert_int_equal(pair.channel.fd, -1);
    channel_close(&pair.channel); /* again does nothing */
}

TEST(a_read_gives_at_most_what_was_asked_and_nothing_at_the_end)
{
    struct pair pair;
    char bytes[8] = "";
    size_t len = 99;
    open_pair(&pair, PATIENCE_S);
    assert_int_equal(send(pair.other, "abcd", 4, 0), 4);
    assert_int_equal(shutdown(pair.other, SHUT_WR), 0);
    peers_await(pair.channel.fd, POLLIN);
    assert_fault(channel_read(&pair.channel, bytes, 3, &len), FAULT_NONE);
    assert_text(((struct text){bytes, len}), "abc");
    assert_fault(channel_read(&pair.channel, bytes, sizeof(bytes), &len), FAULT_NONE);
    assert_text(((struct text){bytes, len}), "d");
    assert_fault(channel_read(&pair.channel, bytes, sizeof(bytes), &len), FAULT_NONE);
    assert_int_equal(len, 0);
    close_pair(&pair);
}

TEST(a_reset_is_no_end_of_file)
{
    struct pair pair;
    char byte;
    size_t len = 99;
    open_pair(&pair, PATIENCE_S);
    reset_other(&pair);
    assert_fault(channel_read(&pair.channel, &byte, 1, &len), FAULT_CONNECTION_LOST);
    assert_int_equal(len, 99);
    close_pair(&pair);
}

TEST(a_peer_that_moves_nothing_is_given_up)
{
    struct pair pair;
    char byte;
    size_t len;
    open_pair(&pair, 1);
    assert_fault(channel_read(&pair.channel, &byte, 1, &len), FAULT_TIMED_OUT);
    (void)peers_fill(pair.channel.fd);
    assert_fault(channel_write(&pair.channel, large, sizeof(large)), FAULT_TIMED_OUT);
    assert_fault(channel_finish(&pair.channel), FAULT_TIMED_OUT);
    close_pair(&pair);
}

TEST(a_write_is_all_of_it)
{
    struct pair pair;
    pthread_t reader;
    void *got;
    open_pair(&pair, PATIENCE_S);
    assert_int_equal(pthread_create(&reader, NULL, read_to_end, &pair), 0);
    assert_fault(channel_write(&pair.channel, large, 0), FAULT_NONE);
    assert_fault(channel_write(&pair.channel, large, sizeof(large)), FAULT_NONE);
    assert_fault(channel_write(&pair.channel, "x", 1), FAULT_NONE);
    assert_fault(channel_finish(&pair.channel), FAULT_NONE);
    assert_int_equal(socket_unacknowledged(pair.channel.fd), 0);
    channel_close(&pair.channel);
    pthread_join(reader, &got);
    assert_int_equal((size_t)got, sizeof(large) + 1);
    close_pair(&pair);
}

TEST(a_write_to_a_peer_that_is_gone_faults_without_a_signal)
{
    struct pair pair;
    open_pair(&pair, PATIENCE_S);
    reset_other(&pair);
    assert_fault(channel_write(&pair.channel, "x", 1), FAULT_CONNECTION_LOST);
    assert_fault(channel_write(&pair.channel, "x", 1), FAULT_CONNECTION_LOST);
    assert_fault(channel_finish(&pair.channel), FAULT_CONNECTION_LOST);
    close_pair(&pair);
}

TEST(a_file_is_moved_from_its_offset_which_advances)
{
    struct pair pair;
    char bytes[16] = "";
    size_t len = 99;
    int64_t offset = 2;
    int fd = file_of("0123456789");
    open_pair(&pair, PATIENCE_S);
    assert_fault(channel_send_file(&pair.channel, fd, &offset, 3, &len), FAULT_NONE);
    assert_int_equal(len, 3);
    assert_int_equal(offset, 5);
    assert_fault(channel_send_file(&pair.channel, fd, &offset, 100, &len), FAULT_NONE);
    assert_int_equal(len, 5);
    assert_int_equal(offset, 10);
    assert_fault(channel_send_file(&pair.channel, fd, &offset, 100, &len), FAULT_NONE);
    assert_int_equal(len, 0);
    assert_int_equal(recv(pair.other, bytes, 8, MSG_WAITALL), 8);
    assert_string_equal(bytes, "23456789");
    close_pair(&pair);
    close(fd);
}

TEST(what_the_kernel_cannot_move_is_told_and_left)
{
    struct pair pair;
    size_t len = 99;
    int64_t offset = 0;
    int fd = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    open_pair(&pair, PATIENCE_S);
    assert_fault(channel_send_file(&pair.channel, fd, &offset, 10, &len), FAULT_UNSUPPORTED);
    assert_int_equal(offset, 0);
    assert_int_equal(len, 99);
    close_pair(&pair);
    close(fd);
}

TEST(a_file_for_a_peer_that_is_gone_is_a_lost_connection)
{
    struct pair pair;
    size_t len;
    int64_t offset = 0;
    int fd = file_of("0123456789");
    open_pair(&pair, PATIENCE_S);
    reset_other(&pair);
    assert_fault(channel_send_file(&pair.channel, fd, &offset, 10, &len), FAULT_CONNECTION_LOST);
    assert_int_equal(offset, 0);
    close_pair(&pair);
    close(fd);
}

TEST(what_the_peer_said_against_the_direction_costs_it_nothing)
{
    struct pair pair;
    char bytes[8] = "";
    open_pair(&pair, PATIENCE_S);
    assert_int_equal(send(pair.other, "noise", 5, 0), 5);
    peers_await(pair.channel.fd, POLLIN);
    assert_fault(channel_write(&pair.channel, "last", 4), FAULT_NONE);
    assert_fault(channel_finish(&pair.channel), FAULT_NONE);
    channel_close(&pair.channel);
    assert_int_equal(recv(pair.other, bytes, sizeof(bytes), MSG_WAITALL), 4);
    assert_string_equal(bytes, "last");
    close_pair(&pair);
}

TEST(a_finished_channel_can_still_be_closed_by_the_peer_first)
{
    struct pair pair;
    open_pair(&pair, PATIENCE_S);
    assert_int_equal(shutdown(pair.other, SHUT_WR), 0);
    peers_await(pair.channel.fd, POLLIN);
    assert_fault(channel_write(&pair.channel, "last", 4), FAULT_NONE);
    assert_fault(channel_finish(&pair.channel), FAULT_NONE);
    close_pair(&pair);
}

/* Bytes that arrived before it are not read as if nothing had happened. */
TEST(an_interrupted_channel_fails_every_later_call)
{
    struct pair pair;
    char byte;
    size_t len = 99;
    int64_t offset = 0;
    int fd = file_of("0123456789");
    open_pair(&pair, PATIENCE_S);
    assert_int_equal(send(pair.other, "ab", 2, 0), 2);
    peers_await(pair.channel.fd, POLLIN);
    channel_interrupt(&pair.channel);
    for (int i = 0; i < 3; i++) {
        assert_fault(channel_read(&pair.channel, &byte, 1, &len), FAULT_CANCELLED);
        assert_int_equal(len, 99);
    }
    assert_int_not_equal(channel_write(&pair.channel, "x", 1), FAULT_NONE);
    assert_int_not_equal(channel_send_file(&pair.channel, fd, &offset, 10, &len), FAULT_NONE);
    assert_int_not_equal(channel_finish(&pair.channel), FAULT_NONE);
    close_pair(&pair);
    close(fd);
}

static void *interrupt_soon(void *argument)
{
    usleep(50 * 1000);
    channel_interrupt(argument);
    return NULL;
}

TEST(interrupting_wakes_a_read_that_waits)
{
    struct pair pair;
    pthread_t thread;
    char byte;
    size_t len = 99;
    open_pair(&pair, PATIENCE_S);
    assert_int_equal(pthread_create(&thread, NULL, interrupt_soon, &pair.channel), 0);
    assert_fault(channel_read(&pair.channel, &byte, 1, &len), FAULT_CANCELLED);
    assert_int_equal(len, 99);
    pthread_join(thread, NULL);
    close_pair(&pair);
}

TEST(interrupting_wakes_a_finish_that_waits)
{
    struct pair pair;
    pthread_t thread;
    open_pair(&pair, PATIENCE_S);
    (void)peers_fill(pair.channel.fd);
    assert_int_equal(pthread_create(&thread, NULL, interrupt_soon, &pair.channel), 0);
    assert_fault(channel_finish(&pair.channel), FAULT_CANCELLED);
    pthread_join(thread, NULL);
    close_pair(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(an_open_channel_blocks_whatever_the_socket_did_before),
        RUN(a_read_gives_at_most_what_was_asked_and_nothing_at_the_end),
        RUN(a_reset_is_no_end_of_file),
        RUN(a_peer_that_moves_nothing_is_given_up),
        RUN(a_write_is_all_of_it),
        RUN(a_write_to_a_peer_that_is_gone_faults_without_a_signal),
        RUN(a_file_is_moved_from_its_offset_which_advances),
        RUN(what_the_kernel_cannot_move_is_told_and_left),
        RUN(a_file_for_a_peer_that_is_gone_is_a_lost_connection),
        RUN(what_the_peer_said_against_the_direction_costs_it_nothing),
        RUN(a_finished_channel_can_still_be_closed_by_the_peer_first),
        RUN(an_interrupted_channel_fails_every_later_call),
        RUN(interrupting_wakes_a_read_that_waits),
        RUN(interrupting_wakes_a_finish_that_waits),
    };
    /* As on a worker, where every signal is blocked: sendfile has no flag against SIGPIPE. */
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
