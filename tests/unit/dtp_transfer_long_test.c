/* SPDX-License-Identifier: Apache-2.0 */
/* Long files, which the kernel moves where nobody has to see their bytes. */
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "tests/unit/transfers.h"

enum { LONG_BYTES = 5 * 1024 * 1024 + 321 };

static char long_content[LONG_BYTES];

/* A file, and by which way its bytes came. */
struct long_stream {
    struct stream stream;
    size_t written;
    size_t moved;
};

static enum fault long_write(struct stream *stream, const void *bytes, size_t len)
{
    ((struct long_stream *)stream)->written += len;
    return write(stream->fd, bytes, len) == (ssize_t)len ? FAULT_NONE : FAULT_IO;
}

static enum fault long_write_pipe(struct stream *stream, int pipe, size_t len)
{
    ((struct long_stream *)stream)->moved += len;
    while (len) {
        ssize_t n = splice(pipe, NULL, stream->fd, NULL, len, 0);
        if (n <= 0)
            return FAULT_IO;
        len -= (size_t)n;
    }
    return FAULT_NONE;
}

static void fill_content(void)
{
    for (size_t i = 0; i < LONG_BYTES; i++)
        long_content[i] = (char)(i * 31 + i / 4096);
}

static void *send_long(void *pair)
{
    size_t sent = 0;
    int other = ((struct pair *)pair)->other;
    ssize_t n;
    while (sent < LONG_BYTES &&
           (n = send(other, long_content + sent, LONG_BYTES - sent, MSG_NOSIGNAL)) > 0)
        sent += (size_t)n;
    shutdown(other, SHUT_WR);
    return NULL;
}

static void receive_long(struct pair *pair, struct long_stream *got, enum fault expected)
{
    pthread_t sender;
    fill_content();
    got->stream.fd = memfd_create("long", MFD_CLOEXEC);
    assert_int_equal(pthread_create(&sender, NULL, send_long, pair), 0);
    assert_fault(transfer_receive(&pair->transfer, &got->stream), expected);
    if (expected)
        channel_break_off(&pair->channel); /* so that the sender does not wait for us */
    pthread_join(sender, NULL);
}

static void assert_long(const struct long_stream *got)
{
    char piece[4096];
    ssize_t n;
    for (size_t at = 0; at < LONG_BYTES; at += (size_t)n) {
        n = pread(got->stream.fd, piece, sizeof(piece), (off_t)at);
        assert_true(n > 0);
        assert_memory_equal(piece, long_content + at, (size_t)n);
    }
    assert_int_equal(lseek(got->stream.fd, 0, SEEK_END), LONG_BYTES);
}

TEST(the_kernel_moves_what_is_long_where_nobody_has_to_see_it)
{
    static const struct stream_type types[] = {{.write = long_write, .write_pipe = long_write_pipe},
                                               {.write = long_write}};
    for (size_t i = 0; i < COUNT(types); i++) {
        struct pair pair;
        struct long_stream got = {.stream = {.type = &types[i]}};
        open_pair(&pair, "I", 'F', 'S');
        receive_long(&pair, &got, FAULT_NONE);
        assert_long(&got);
        assert_int_equal(got.written + got.moved, LONG_BYTES);
        assert_int_equal(got.moved > 0, types[i].write_pipe != NULL);
        assert_int_equal(pair.progress.bytes, LONG_BYTES);
        close_pair(&pair);
        close(got.stream.fd);
    }
}

static enum fault full(struct stream *stream, int pipe, size_t len)
{
    (void)stream;
    (void)pipe;
    (void)len;
    return FAULT_NO_SPACE;
}

TEST(a_disk_that_is_full_for_the_kernel_ends_an_upload_with_its_fault)
{
    static const struct stream_type type = {.write = long_write, .write_pipe = full};
    struct pair pair;
    struct long_stream got = {.stream = {.type = &type}};
    open_pair(&pair, "I", 'F', 'S');
    receive_long(&pair, &got, FAULT_NO_SPACE);
    assert_int_equal(got.written, lseek(got.stream.fd, 0, SEEK_END));
    close_pair(&pair);
    close(got.stream.fd);
}

static void *take_all(void *pair)
{
    static char piece[65536];
    size_t len = 0;
    int other = ((struct pair *)pair)->other;
    ssize_t n;
    while ((n = recv(other, piece, sizeof(piece), 0)) > 0) {
        assert_memory_equal(piece, long_content + len, (size_t)n);
        len += (size_t)n;
    }
    shutdown(other, SHUT_RDWR);
    return (void *)len;
}

static bool sends_full_segments(const struct pair *pair)
{
    int on = 0;
    socklen_t len = sizeof(on);
    assert_int_equal(getsockopt(pair->channel.fd, IPPROTO_TCP, TCP_CORK, &on, &len), 0);
    return on;
}

TEST(what_is_long_leaves_in_full_segments_and_its_end_at_once)
{
    static const struct {
        size_t bytes;
        bool is_long;
    } cases[] = {{LONG_BYTES, true}, {1000, false}};
    fill_content();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct pair pair;
        pthread_t taker;
        void *taken;
        struct long_stream from = {.stream = {.file_end = (int64_t)cases[i].bytes}};
        from.stream.fd = memfd_create("long", MFD_CLOEXEC);
        assert_int_equal(write(from.stream.fd, long_content, cases[i].bytes), cases[i].bytes);
        open_pair(&pair, "I", 'F', 'S');
        assert_int_equal(pthread_create(&taker, NULL, take_all, &pair), 0);
        assert_fault(transfer_send(&pair.transfer, &from.stream), FAULT_NONE);
        assert_int_equal(sends_full_segments(&pair), cases[i].is_long);
        pthread_join(taker, &taken);
        assert_int_equal((size_t)taken, cases[i].bytes);
        close_pair(&pair);
        close(from.stream.fd);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(the_kernel_moves_what_is_long_where_nobody_has_to_see_it),
        RUN(a_disk_that_is_full_for_the_kernel_ends_an_upload_with_its_fault),
        RUN(what_is_long_leaves_in_full_segments_and_its_end_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
