/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include "base/memory.h"
#include "dtp/transfer.h"
#include "net/socket.h"
#include "tests/unit/unit.h"

/* A stream over a buffer that can be told to fail after some bytes. */
struct buffer_stream {
    struct stream stream;
    char bytes[4096];
    size_t len;
    size_t at;
    size_t fails_at;
};

static enum fault buffer_read(struct stream *stream, void *buffer, size_t size, size_t *ret_len)
{
    struct buffer_stream *b = (struct buffer_stream *)stream;
    size_t n = b->len - b->at < size ? b->len - b->at : size;
    if (n > 7)
        n = 7; /* small pieces: nothing may depend on full reads */
    if (b->fails_at && b->at + n > b->fails_at)
        return FAULT_IO;
    memcpy(buffer, b->bytes + b->at, n);
    b->at += n;
    *ret_len = n;
    return FAULT_NONE;
}

static enum fault buffer_write(struct stream *stream, const void *bytes, size_t len)
{
    struct buffer_stream *b = (struct buffer_stream *)stream;
    if (b->fails_at && b->len + len > b->fails_at)
        return FAULT_NO_SPACE;
    memcpy(b->bytes + b->len, bytes, len);
    b->len += len;
    return FAULT_NONE;
}

static void buffer_close(struct stream *stream)
{
    (void)stream;
}

static const struct stream_type buffer_type = {
    .read = buffer_read, .write = buffer_write, .close = buffer_close};

struct pair {
    struct channel channel;
    struct transfer_progress progress;
    struct transfer transfer;
    int other;
};

static void open_pair(struct pair *pair, char type)
{
    union endpoint local;
    union endpoint from;
    assert_true(endpoint_parse_host(TEXT("127.0.0.1"), 0, &local));
    int listener = socket_listen(&local, 1);
    union endpoint target = socket_local(listener);
    memset(pair, 0, sizeof(*pair));
    pair->other = socket_connect(&local, &target);
    struct pollfd ready = {.fd = listener, .events = POLLIN};
    assert_int_equal(poll(&ready, 1, 5000), 1);
    channel_open(&pair->channel, socket_accept(listener, true, &from), 5);
    socket_set_blocking(pair->other, true);
    close(listener);
    pair->transfer = (struct transfer){
        .channel = &pair->channel,
        .plan.parameters = PARAMETERS_DEFAULT,
        .progress = &pair->progress,
    };
    pair->transfer.plan.parameters.type = type;
}

static struct text read_all(int fd, char *bytes, size_t size)
{
    size_t len = 0;
    ssize_t n;
    while (len < size && (n = read(fd, bytes + len, size - len)) > 0)
        len += (size_t)n;
    return (struct text){bytes, len};
}

TEST(text_is_sent_with_cr_lf_and_counted_as_sent)
{
    struct pair pair;
    struct buffer_stream file = {
        .stream = {&buffer_type, -1, 0, 0}, .bytes = "one\ntwo\n", .len = 8};
    char got[64];
    open_pair(&pair, TYPE_ASCII);
    assert_fault(transfer_send(&pair.transfer, &file.stream), FAULT_NONE);
    assert_text(read_all(pair.other, got, sizeof(got)), "one\r\ntwo\r\n");
    assert_int_equal(pair.progress.bytes, 10);
    channel_close(&pair.channel);
    close(pair.other);
}

TEST(a_file_goes_by_the_kernel_from_its_offset_to_its_end)
{
    struct pair pair;
    char name[] = "/tmp/ferry-transfer-XXXXXX";
    char got[64];
    int fd = mkstemp(name);
    assert_int_equal(write(fd, "0123456789", 10), 10);
    struct buffer_stream file = {.stream = {&buffer_type, fd, 3, 7}};
    open_pair(&pair, TYPE_IMAGE);
    assert_fault(transfer_send(&pair.transfer, &file.stream), FAULT_NONE);
    assert_text(read_all(pair.other, got, sizeof(got)), "3456");
    assert_int_equal(pair.progress.bytes, 4);
    channel_close(&pair.channel);
    close(pair.other);
    close(fd);
    unlink(name);
}

TEST(a_file_that_became_shorter_is_an_error_not_a_short_transfer)
{
    struct pair pair;
    char name[] = "/tmp/ferry-transfer-XXXXXX";
    int fd = mkstemp(name);
    assert_int_equal(write(fd, "0123", 4), 4);
    struct buffer_stream file = {.stream = {&buffer_type, fd, 0, 10}};
    open_pair(&pair, TYPE_IMAGE);
    assert_fault(transfer_send(&pair.transfer, &file.stream), FAULT_IO);
    channel_close(&pair.channel);
    close(pair.other);
    close(fd);
    unlink(name);
}

TEST(a_read_error_ends_the_transfer_with_its_fault)
{
    struct pair pair;
    struct buffer_stream file = {
        .stream = {&buffer_type, -1, 0, 0}, .bytes = "0123456789", .len = 10, .fails_at = 8};
    open_pair(&pair, TYPE_IMAGE);
    assert_fault(transfer_send(&pair.transfer, &file.stream), FAULT_IO);
    channel_close(&pair.channel);
    close(pair.other);
}

TEST(received_text_loses_its_cr_and_keeps_a_last_lone_one)
{
    struct pair pair;
    struct buffer_stream file = {.stream = {&buffer_type, -1, 0, 0}};
    open_pair(&pair, TYPE_ASCII);
    assert_int_equal(write(pair.other, "a\r\nb\rc\r", 7), 7);
    close(pair.other);
    assert_fault(transfer_receive(&pair.transfer, &file.stream), FAULT_NONE);
    assert_text(((struct text){file.bytes, file.len}), "a\nb\rc\r");
    assert_int_equal(pair.progress.bytes, 7);
    channel_close(&pair.channel);
}

TEST(a_full_disk_ends_an_upload_with_its_fault)
{
    struct pair pair;
    struct buffer_stream file = {.stream = {&buffer_type, -1, 0, 0}, .fails_at = 4};
    open_pair(&pair, TYPE_IMAGE);
    assert_int_equal(write(pair.other, "0123456789", 10), 10);
    close(pair.other);
    assert_fault(transfer_receive(&pair.transfer, &file.stream), FAULT_NO_SPACE);
    channel_close(&pair.channel);
}

static void *cancel_soon(void *argument)
{
    struct pair *pair = argument;
    usleep(50 * 1000);
    transfer_cancel(&pair->progress, &pair->channel);
    return NULL;
}

TEST(cancelling_wakes_a_transfer_that_waits)
{
    struct pair pair;
    struct buffer_stream file = {.stream = {&buffer_type, -1, 0, 0}};
    pthread_t thread;
    open_pair(&pair, TYPE_IMAGE);
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, &pair), 0);
    assert_fault(transfer_receive(&pair.transfer, &file.stream), FAULT_CANCELLED);
    pthread_join(thread, NULL);
    channel_close(&pair.channel);
    close(pair.other);
}

TEST(empty_lines_double_on_the_wire_and_come_back_as_they_were)
{
    struct pair pair;
    struct buffer_stream file = {.stream = {&buffer_type, -1, 0, 0}, .len = 4096};
    struct buffer_stream back = {.stream = {&buffer_type, -1, 0, 0}};
    static char wire[2 * 4096 + 1];
    memset(file.bytes, '\n', sizeof(file.bytes));
    open_pair(&pair, TYPE_ASCII);
    assert_fault(transfer_send(&pair.transfer, &file.stream), FAULT_NONE);
    struct text sent = read_all(pair.other, wire, sizeof(wire));
    assert_int_equal(sent.len, 2 * 4096);
    assert_int_equal(pair.progress.bytes, 2 * 4096);
    channel_close(&pair.channel);
    close(pair.other);
    open_pair(&pair, TYPE_ASCII);
    assert_int_equal(write(pair.other, sent.at, sent.len), sent.len);
    close(pair.other);
    assert_fault(transfer_receive(&pair.transfer, &back.stream), FAULT_NONE);
    assert_int_equal(back.len, file.len);
    assert_memory_equal(back.bytes, file.bytes, file.len);
    channel_close(&pair.channel);
}

TEST(a_transfer_that_was_cancelled_before_it_began_is_not_a_complete_one)
{
    struct pair pair;
    struct buffer_stream file = {.stream = {&buffer_type, -1, 0, 0}, .bytes = "x", .len = 1};
    open_pair(&pair, TYPE_IMAGE);
    transfer_cancel(&pair.progress, &pair.channel);
    assert_fault(transfer_send(&pair.transfer, &file.stream), FAULT_CANCELLED);
    assert_fault(transfer_receive(&pair.transfer, &file.stream), FAULT_CANCELLED);
    channel_close(&pair.channel);
    close(pair.other);
}

TEST(a_connection_that_breaks_is_no_end_of_the_file)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    struct pair pair;
    struct buffer_stream file = {.stream = {&buffer_type, -1, 0, 0}};
    open_pair(&pair, TYPE_IMAGE);
    assert_int_equal(setsockopt(pair.other, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
    close(pair.other);
    assert_fault(transfer_receive(&pair.transfer, &file.stream), FAULT_CONNECTION_LOST);
    assert_int_equal(file.len, 0);
    channel_close(&pair.channel);
}

TEST(a_stream_is_moved_only_the_way_it_can_go)
{
    static const struct stream_type only_read = {.read = buffer_read, .close = buffer_close};
    static const struct stream_type only_written = {.write = buffer_write, .close = buffer_close};
    struct buffer_stream file = {.stream = {&only_written, -1, 0, 0}};
    char byte;
    size_t len = 99;
    assert_fault(stream_read(&file.stream, &byte, 1, &len), FAULT_BUG);
    assert_int_equal(len, 99);
    file.stream.type = &only_read;
    assert_fault(stream_write(&file.stream, "x", 1), FAULT_BUG);
    assert_int_equal(file.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(text_is_sent_with_cr_lf_and_counted_as_sent),
        RUN(a_file_goes_by_the_kernel_from_its_offset_to_its_end),
        RUN(a_file_that_became_shorter_is_an_error_not_a_short_transfer),
        RUN(a_read_error_ends_the_transfer_with_its_fault),
        RUN(received_text_loses_its_cr_and_keeps_a_last_lone_one),
        RUN(a_full_disk_ends_an_upload_with_its_fault),
        RUN(cancelling_wakes_a_transfer_that_waits),
        RUN(empty_lines_double_on_the_wire_and_come_back_as_they_were),
        RUN(a_transfer_that_was_cancelled_before_it_began_is_not_a_complete_one),
        RUN(a_connection_that_breaks_is_no_end_of_the_file),
        RUN(a_stream_is_moved_only_the_way_it_can_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
