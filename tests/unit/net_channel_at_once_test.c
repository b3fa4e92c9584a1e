/* SPDX-License-Identifier: Apache-2.0 */
/* What is done with a channel without waiting, and what who goes on with it finds. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>

#include "net/channel.h"
#include "tests/unit/peers.h"

enum { PATIENCE_S = 10, MOST = 1000 };

struct pair {
    struct channel channel;
    int other;
};

static char room[64 * 1024];

static void open_pair(struct pair *pair)
{
    int ours;
    peers_connect(&ours, &pair->other);
    socket_set_blocking(ours, false);
    channel_open_at_once(&pair->channel, ours, PATIENCE_S);
}

static void close_pair(struct pair *pair)
{
    channel_close(&pair->channel);
    if (pair->other >= 0)
        close(pair->other);
}

static void say(struct pair *pair, const char *bytes)
{
    assert_int_equal(send(pair->other, bytes, strlen(bytes), 0), (ssize_t)strlen(bytes));
    peers_await(pair->channel.fd, POLLIN);
}

static void end(struct pair *pair)
{
    assert_int_equal(shutdown(pair->other, SHUT_WR), 0);
    peers_await(pair->channel.fd, POLLRDHUP);
}

static void reset(struct pair *pair)
{
    peers_reset(pair->other);
    pair->other = -1;
    peers_await(pair->channel.fd, POLLRDHUP);
}

static enum fault gather(struct pair *pair)
{
    return channel_gather(&pair->channel, room, sizeof(room), MOST);
}

static bool is_blocking(const struct pair *pair)
{
    return !(fcntl(pair->channel.fd, F_GETFL) & O_NONBLOCK);
}

static struct text next(struct pair *pair, size_t size)
{
    size_t len = 0;
    assert_fault(channel_read(&pair->channel, room, size, &len), FAULT_NONE);
    return (struct text){room, len};
}

/* ---- Gathering ------------------------------------------------------------------- */

TEST(what_was_gathered_comes_first_and_then_the_rest)
{
    struct pair pair;
    open_pair(&pair);
    assert_fault(gather(&pair), FAULT_BUSY);
    assert_int_equal(pair.channel.unread_len, 0);
    say(&pair, "abc");
    assert_fault(gather(&pair), FAULT_BUSY);
    say(&pair, "def");
    assert_fault(gather(&pair), FAULT_BUSY);
    assert_false(is_blocking(&pair));
    channel_begin_to_wait(&pair.channel);
    assert_true(is_blocking(&pair));
    say(&pair, "ghi");
    end(&pair);
    assert_text(next(&pair, 4), "abcd");
    assert_text(next(&pair, sizeof(room)), "ef");
    assert_text(next(&pair, sizeof(room)), "ghi");
    assert_text(next(&pair, sizeof(room)), "");
    close_pair(&pair);
}

TEST(all_of_it_is_known_as_all_of_it_and_nobody_waits)
{
    struct pair pair;
    open_pair(&pair);
    say(&pair, "abc");
    end(&pair);
    assert_fault(gather(&pair), FAULT_NONE);
    assert_text(next(&pair, sizeof(room)), "abc");
    for (int i = 0; i < 2; i++)
        assert_text(next(&pair, sizeof(room)), "");
    assert_false(is_blocking(&pair));
    close_pair(&pair);
}

TEST(nothing_is_a_file_too)
{
    struct pair pair;
    open_pair(&pair);
    end(&pair);
    assert_fault(gather(&pair), FAULT_NONE);
    assert_text(next(&pair, sizeof(room)), "");
    close_pair(&pair);
}

/* Of who sends on and on no more is kept than one read beyond what was asked for. */
TEST(more_than_is_wanted_is_told_and_kept_within_a_bound)
{
    struct pair pair;
    open_pair(&pair);
    size_t sent = peers_fill(pair.other);
    assert_true(sent > sizeof(room) + MOST);
    assert_fault(gather(&pair), FAULT_TOO_LARGE);
    assert_in_range(pair.channel.unread_len, MOST + 1, MOST + sizeof(room));
    size_t gathered = pair.channel.unread_len;
    assert_fault(gather(&pair), FAULT_TOO_LARGE);
    assert_int_equal(pair.channel.unread_len, gathered);
    channel_begin_to_wait(&pair.channel);
    assert_int_equal(shutdown(pair.other, SHUT_WR), 0);
    size_t got = 0;
    for (size_t len = 1; len; got += len)
        assert_fault(channel_read(&pair.channel, room, sizeof(room), &len), FAULT_NONE);
    assert_int_equal(got, sent);
    close_pair(&pair);
}

/* The kernel tells a reset once, and then of an end. */
TEST(a_reset_that_was_gathered_is_no_end_of_file)
{
    for (unsigned waits = 0; waits < 2; waits++) {
        struct pair pair;
        size_t len = 99;
        open_pair(&pair);
        say(&pair, "half");
        reset(&pair);
        assert_fault(gather(&pair), FAULT_CONNECTION_LOST);
        if (waits)
            channel_begin_to_wait(&pair.channel);
        while (pair.channel.unread_len)
            assert_text(next(&pair, sizeof(room)), "half");
        for (int i = 0; i < 2; i++)
            assert_fault(channel_read(&pair.channel, room, 1, &len), FAULT_CONNECTION_LOST);
        assert_int_equal(len, 99);
        close_pair(&pair);
    }
}

/* The peer said all, and its end: how it closed then is its own affair. */
TEST(a_reset_behind_the_end_that_was_gathered_costs_nothing)
{
    struct pair pair;
    open_pair(&pair);
    say(&pair, "all");
    end(&pair);
    assert_fault(gather(&pair), FAULT_NONE);
    peers_reset(pair.other);
    pair.other = -1;
    peers_await(pair.channel.fd, POLLHUP);
    assert_text(next(&pair, sizeof(room)), "all");
    assert_text(next(&pair, sizeof(room)), "");
    close_pair(&pair);
}

TEST(an_interruption_is_no_end_but_what_came_before_can_be_had)
{
    struct pair pair;
    size_t len = 99;
    open_pair(&pair);
    say(&pair, "abcdef");
    end(&pair);
    assert_fault(gather(&pair), FAULT_NONE);
    channel_interrupt(&pair.channel);
    assert_fault(channel_read(&pair.channel, room, sizeof(room), &len), FAULT_CANCELLED);
    assert_text(channel_gathered(&pair.channel), "abcdef");
    assert_false(channel_has_ended(&pair.channel));
    channel_drop_gathered(&pair.channel);
    assert_text(channel_gathered(&pair.channel), "");
    assert_true(channel_has_ended(&pair.channel));
    assert_fault(channel_read(&pair.channel, room, sizeof(room), &len), FAULT_CANCELLED);
    assert_int_equal(len, 99);
    close_pair(&pair);
}

TEST(what_is_known_of_its_end_moves_with_a_channel)
{
    struct pair pair;
    struct channel other;
    size_t len = 99;
    open_pair(&pair);
    say(&pair, "half");
    reset(&pair);
    assert_fault(gather(&pair), FAULT_CONNECTION_LOST);
    channel_move(&pair.channel, &other);
    assert_text(channel_gathered(&other), "half");
    channel_drop_gathered(&other);
    assert_false(channel_has_ended(&other));
    assert_fault(channel_read(&other, room, 1, &len), FAULT_CONNECTION_LOST);
    channel_close(&other);
    close_pair(&pair);
}

/* ---- Sending ---------------------------------------------------------------------- */

static int file_of(size_t size)
{
    char name[] = "/tmp/ferry-at-once-XXXXXX";
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    for (size_t i = 0; i < size; i += sizeof(room))
        assert_true(write(fd, room, size - i < sizeof(room) ? size - i : sizeof(room)) > 0);
    unlink(name);
    return fd;
}

static size_t read_to_end(int fd)
{
    size_t got = 0;
    ssize_t n;
    while ((n = recv(fd, room, sizeof(room), 0)) > 0)
        got += (size_t)n;
    assert_int_equal(n, 0);
    return got;
}

TEST(a_small_file_is_sent_and_its_end_said_without_waiting)
{
    enum { BYTES = 1000, FROM = 10 };
    struct pair pair;
    int64_t offset = FROM;
    size_t len = 99;
    open_pair(&pair);
    int fd = file_of(BYTES);
    assert_fault(channel_send_file_at_once(&pair.channel, fd, false, &offset, BYTES - FROM, &len),
                 FAULT_NONE);
    assert_int_equal(len, BYTES - FROM);
    assert_int_equal(offset, BYTES);
    bool is_done = !channel_finish_at_once(&pair.channel, false);
    assert_false(is_blocking(&pair));
    assert_int_equal(read_to_end(pair.other), BYTES - FROM);
    channel_begin_to_wait(&pair.channel);
    if (!is_done) /* and again, by who may wait: the end is said once */
        assert_fault(channel_finish(&pair.channel), FAULT_NONE);
    assert_fault(channel_finish(&pair.channel), FAULT_NONE);
    close(fd);
    close_pair(&pair);
}

TEST(of_a_file_that_became_shorter_nothing_is_sent)
{
    struct pair pair;
    int64_t offset = 10;
    size_t len = 99;
    open_pair(&pair);
    int fd = file_of(10);
    assert_fault(channel_send_file_at_once(&pair.channel, fd, false, &offset, 5, &len), FAULT_NONE);
    assert_int_equal(len, 0);
    assert_int_equal(offset, 10);
    close(fd);
    close_pair(&pair);
}

TEST(a_peer_that_takes_nothing_is_not_waited_for)
{
    struct pair pair;
    int64_t offset = 0;
    size_t len = 99;
    open_pair(&pair);
    int fd = file_of(1000);
    size_t sent = peers_fill(pair.channel.fd);
    while (len) { /* the last bytes may find room yet */
        assert_fault(channel_send_file_at_once(&pair.channel, fd, false, &offset, 1000, &len),
                     FAULT_NONE);
        sent += len;
        offset = 0;
    }
    assert_true(channel_finish_at_once(&pair.channel, false));
    assert_int_equal(read_to_end(pair.other), sent);
    close(fd);
    close_pair(&pair);
}

TEST(at_most_a_small_file_is_sent_at_once)
{
    struct pair pair;
    int64_t offset = 0;
    size_t len = 99;
    open_pair(&pair);
    int fd = file_of(3 * CHANNEL_AT_ONCE_BYTES);
    assert_fault(channel_send_file_at_once(&pair.channel, fd, false, &offset,
                                           3 * CHANNEL_AT_ONCE_BYTES, &len),
                 FAULT_NONE);
    assert_in_range(len, 1, CHANNEL_AT_ONCE_BYTES);
    assert_int_equal(offset, len);
    close(fd);
    close_pair(&pair);
}

TEST(a_peer_that_is_gone_is_no_success_for_whoever_ends_it)
{
    struct pair pair;
    int64_t offset = 0;
    size_t len = 99;
    open_pair(&pair);
    int fd = file_of(1000);
    reset(&pair);
    assert_fault(channel_send_file_at_once(&pair.channel, fd, false, &offset, 1000, &len),
                 FAULT_CONNECTION_LOST);
    assert_int_equal(len, 0);
    assert_int_equal(offset, 0);
    assert_true(channel_finish_at_once(&pair.channel, false));
    channel_begin_to_wait(&pair.channel);
    assert_fault(channel_finish(&pair.channel), FAULT_CONNECTION_LOST);
    close(fd);
    close_pair(&pair);
}

/* It closed before it had the bytes: its host answers them with a reset. */
TEST(a_peer_that_closed_before_it_had_all_is_no_success)
{
    struct pair pair;
    int64_t offset = 0;
    size_t len = 99;
    open_pair(&pair);
    int fd = file_of(1000);
    close(pair.other);
    pair.other = -1;
    peers_await(pair.channel.fd, POLLRDHUP);
    (void)channel_send_file_at_once(&pair.channel, fd, false, &offset, 1000, &len);
    assert_true(channel_finish_at_once(&pair.channel, false));
    channel_begin_to_wait(&pair.channel);
    assert_fault(channel_finish(&pair.channel), FAULT_CONNECTION_LOST);
    close(fd);
    close_pair(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(what_was_gathered_comes_first_and_then_the_rest),
        RUN(all_of_it_is_known_as_all_of_it_and_nobody_waits),
        RUN(nothing_is_a_file_too),
        RUN(more_than_is_wanted_is_told_and_kept_within_a_bound),
        RUN(a_reset_that_was_gathered_is_no_end_of_file),
        RUN(a_reset_behind_the_end_that_was_gathered_costs_nothing),
        RUN(an_interruption_is_no_end_but_what_came_before_can_be_had),
        RUN(what_is_known_of_its_end_moves_with_a_channel),
        RUN(a_small_file_is_sent_and_its_end_said_without_waiting),
        RUN(of_a_file_that_became_shorter_nothing_is_sent),
        RUN(a_peer_that_takes_nothing_is_not_waited_for),
        RUN(at_most_a_small_file_is_sent_at_once),
        RUN(a_peer_that_is_gone_is_no_success_for_whoever_ends_it),
        RUN(a_peer_that_closed_before_it_had_all_is_no_success),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
