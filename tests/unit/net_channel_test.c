/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
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
    assert_int_equal(socket_unacknowledged(pair.channel.fd, pair.channel.has_ended), 0);
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

static void assert_read(struct channel *channel, size_t size, const char *expected)
{
    char bytes[64];
    size_t len = 99;
    assert_fault(channel_read(channel, bytes, size, &len), FAULT_NONE);
    assert_text(((struct text){bytes, len}), expected);
}

TEST(who_sends_is_interrupted_without_an_end)
{
    char bytes[16];
    struct pair pair;
    open_pair(&pair, PATIENCE_S);
    assert_fault(channel_write(&pair.channel, "half", 4), FAULT_NONE);
    channel_interrupt_reset(&pair.channel);
    assert_true(channel_write(&pair.channel, "more", 4) != FAULT_NONE);
    peers_await(pair.other, POLLIN);
    ssize_t n = recv(pair.other, bytes, sizeof(bytes), 0);
    if (n > 0) /* what came before may be read still */
        n = recv(pair.other, bytes, sizeof(bytes), 0);
    assert_int_equal(n, -1);
    assert_int_equal(errno, ECONNRESET);
    close_pair(&pair);
}

static void *write_large(void *argument)
{
    struct pair *pair = argument;
    while (channel_write(&pair->channel, large, sizeof(large)) == FAULT_NONE)
        ;
    return NULL;
}

TEST(who_waits_to_send_is_interrupted_without_an_end)
{
    for (unsigned is_read = 0; is_read < 2; is_read++) {
        struct pair pair;
        pthread_t writer;
        pthread_t reader;
        open_pair(&pair, PATIENCE_S);
        assert_int_equal(pthread_create(&writer, NULL, write_large, &pair), 0);
        if (is_read) /* it waits now and then */
            assert_int_equal(pthread_create(&reader, NULL, read_to_end, &pair), 0);
        for (int i = 0; i < PATIENCE_S * 1000 &&
                        !socket_unacknowledged(pair.channel.fd, pair.channel.has_ended);
             i++)
            usleep(1000);
        channel_interrupt_reset(&pair.channel);
        pthread_join(writer, NULL);
        channel_reset(&pair.channel); /* as who sends does, when he knows */
        if (!is_read)                 /* it waited for room that nobody made */
            assert_int_equal(pthread_create(&reader, NULL, read_to_end, &pair), 0);
        void *total;
        pthread_join(reader, &total);
        assert_ptr_equal(total, (void *)SIZE_MAX);
        close_pair(&pair);
    }
}

TEST(bytes_given_back_are_read_first_and_once)
{
    struct pair pair;
    open_pair(&pair, PATIENCE_S);
    assert_int_equal(send(pair.other, "fgh", 3, 0), 3);
    assert_int_equal(shutdown(pair.other, SHUT_WR), 0);
    char given[] = "abcde";
    assert_fault(channel_unread(&pair.channel, given, 5), FAULT_NONE);
    memset(given, '-', sizeof(given)); /* it has a copy */
    assert_read(&pair.channel, 2, "ab");
    assert_read(&pair.channel, 64, "cde");
    assert_read(&pair.channel, 64, "fgh");
    assert_read(&pair.channel, 64, "");
    close_pair(&pair);
}

TEST(bytes_are_given_back_once_and_go_with_the_channel)
{
    struct pair pair;
    open_pair(&pair, PATIENCE_S);
    assert_fault(channel_unread(&pair.channel, NULL, 0), FAULT_NONE);
    assert_fault(channel_unread(&pair.channel, "abcd", 4), FAULT_NONE);
    assert_fault(channel_unread(&pair.channel, "", 0), FAULT_NONE);
    assert_fault(channel_unread(&pair.channel, "x", 1), FAULT_BUG);
    assert_read(&pair.channel, 3, "abc");
    assert_fault(channel_unread(&pair.channel, "c", 1), FAULT_BUG);
    assert_read(&pair.channel, 64, "d");
    assert_fault(channel_unread(&pair.channel, "left for close", 14), FAULT_NONE);
    close_pair(&pair);
}

TEST(an_interrupted_channel_does_not_read_what_was_given_back)
{
    struct pair pair;
    char byte;
    size_t len = 99;
    open_pair(&pair, PATIENCE_S);
    assert_fault(channel_unread(&pair.channel, "ab", 2), FAULT_NONE);
    channel_interrupt(&pair.channel);
    assert_fault(channel_read(&pair.channel, &byte, 1, &len), FAULT_CANCELLED);
    assert_int_equal(len, 99);
    close_pair(&pair);
}

TEST(a_channel_is_awaited_until_there_is_something_to_read)
{
    struct pair pair;
    char byte;
    size_t len;
    open_pair(&pair, PATIENCE_S);
    assert_false(channel_await(&pair.channel, 10));
    assert_int_equal(send(pair.other, "ab", 2, 0), 2);
    assert_true(channel_await(&pair.channel, PATIENCE_S * 1000));
    assert_read(&pair.channel, 64, "ab");
    assert_false(channel_await(&pair.channel, 0));
    assert_fault(channel_unread(&pair.channel, "b", 1), FAULT_NONE);
    assert_true(channel_await(&pair.channel, 0));
    assert_read(&pair.channel, 64, "b");
    assert_int_equal(shutdown(pair.other, SHUT_WR), 0);
    assert_true(channel_await(&pair.channel, PATIENCE_S * 1000)); /* the end */
    assert_fault(channel_read(&pair.channel, &byte, 1, &len), FAULT_NONE);
    assert_int_equal(len, 0);
    close_pair(&pair);
}

TEST(a_channel_is_over_when_the_peer_is_gone_and_all_is_read)
{
    struct pair pair;
    open_pair(&pair, PATIENCE_S);
    assert_false(channel_is_over(&pair.channel));
    assert_int_equal(send(pair.other, "ab", 2, 0), 2);
    assert_int_equal(shutdown(pair.other, SHUT_WR), 0);
    peers_await(pair.channel.fd, POLLRDHUP);
    assert_false(channel_is_over(&pair.channel));
    assert_read(&pair.channel, 64, "ab");
    assert_fault(channel_unread(&pair.channel, "b", 1), FAULT_NONE);
    assert_false(channel_is_over(&pair.channel));
    assert_read(&pair.channel, 64, "b");
    assert_true(channel_is_over(&pair.channel));
    assert_true(channel_is_over(&pair.channel));
    close_pair(&pair);
    open_pair(&pair, PATIENCE_S);
    reset_other(&pair);
    assert_true(channel_is_over(&pair.channel));
    close_pair(&pair);
}

TEST(a_channel_moves_with_what_it_has_to_read)
{
    struct pair pair;
    struct channel other;
    char byte;
    size_t len;
    open_pair(&pair, 1);
    int fd = pair.channel.fd;
    assert_fault(channel_unread(&pair.channel, "ab", 2), FAULT_NONE);
    channel_move(&pair.channel, &other);
    assert_int_equal(pair.channel.fd, -1);
    assert_int_equal(pair.channel.unread_len, 0);
    channel_close(&pair.channel); /* nothing of it is its own any more */
    assert_int_equal(other.fd, fd);
    assert_int_equal(other.stall_seconds, 1);
    assert_read(&other, 64, "ab");
    assert_int_equal(send(pair.other, "cd", 2, 0), 2);
    assert_read(&other, 64, "cd");
    assert_fault(channel_read(&other, &byte, 1, &len), FAULT_TIMED_OUT);
    channel_interrupt(&other);
    assert_fault(channel_read(&other, &byte, 1, &len), FAULT_CANCELLED);
    channel_close(&other);
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
        RUN(who_sends_is_interrupted_without_an_end),
        RUN(who_waits_to_send_is_interrupted_without_an_end),
        RUN(bytes_given_back_are_read_first_and_once),
        RUN(bytes_are_given_back_once_and_go_with_the_channel),
        RUN(an_interrupted_channel_does_not_read_what_was_given_back),
        RUN(a_channel_is_awaited_until_there_is_something_to_read),
        RUN(a_channel_is_over_when_the_peer_is_gone_and_all_is_read),
        RUN(a_channel_moves_with_what_it_has_to_read),
    };
    /* As on a worker, where every signal is blocked: sendfile has no flag against SIGPIPE. */
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
