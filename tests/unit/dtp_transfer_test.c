/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a transfer, its connection and its end; dtp_transfer_shape_test has the rest. */
#include <pthread.h>

#include "tests/unit/transfers.h"

TEST(text_is_sent_with_cr_lf_and_counted_as_sent)
{
    struct pair pair;
    char got[64];
    open_pair(&pair, "A", 'F', 'S');
    assert_fault(send_file(&pair, TEXT("one\ntwo\n")), FAULT_NONE);
    assert_text(read_now(&pair, got, sizeof(got)), "one\r\ntwo\r\n");
    assert_int_equal(read(pair.other, got, 1), 0);
    assert_int_equal(pair.progress.bytes, 10);
    close_pair(&pair);
}

static int file_of(const char *content)
{
    char name[] = "/tmp/ferry-transfer-XXXXXX";
    int fd = mkstemp(name);
    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
    unlink(name);
    return fd;
}

TEST(a_file_goes_by_the_kernel_from_its_offset_to_its_end)
{
    struct pair pair;
    char got[64];
    struct stream kernel = {&buffer_stream_type, file_of("0123456789"), 3, 7};
    open_pair(&pair, "I", 'F', 'S');
    assert_fault(transfer_send(&pair.transfer, &kernel), FAULT_NONE);
    assert_text(read_now(&pair, got, sizeof(got)), "3456");
    assert_int_equal(pair.progress.bytes, 4);
    close_pair(&pair);
    close(kernel.fd);
}

TEST(a_file_that_became_shorter_is_an_error_not_a_short_transfer)
{
    struct pair pair;
    struct stream kernel = {&buffer_stream_type, file_of("0123"), 0, 10};
    open_pair(&pair, "I", 'F', 'S');
    assert_fault(transfer_send(&pair.transfer, &kernel), FAULT_IO);
    close_pair(&pair);
    close(kernel.fd);
}

static size_t bytes_at_once(const struct pair *pair)
{
    char got[64];
    ssize_t len = recv(pair->other, got, sizeof(got), MSG_DONTWAIT);
    assert_int_not_equal(len, 0); /* not closed as at an end */
    return len < 0 ? 0 : (size_t)len;
}

/* The peer must not take what came before for the file. */
TEST(a_read_error_ends_the_transfer_with_its_fault_and_the_file_has_no_end)
{
    static const char modes[] = {'S', 'B', 'C', 'Z'};
    for (size_t i = 0; i < COUNT(modes); i++) {
        struct pair pair;
        open_pair(&pair, "I", 'R', modes[i]);
        buffer_stream_init(&file, TEXT("0123456789"));
        file.fails_at = 8;
        assert_fault(transfer_send(&pair.transfer, &file.stream), FAULT_IO);
        size_t sent = bytes_at_once(&pair);
        close_pair(&pair);
        open_pair(&pair, "I", 'R', modes[i]);
        assert_fault(send_file(&pair, TEXT("0123456")), FAULT_NONE); /* what was read before */
        assert_true(sent < bytes_at_once(&pair));
        close_pair(&pair);
    }
}

struct late_stream {
    struct stream stream;
    const struct pair *pair; /* borrowed: the test's */
    int reads;
};

/* The second piece comes only when the first one has arrived. */
static enum fault late_read(struct stream *stream, void *buffer, size_t size, size_t *ret_len)
{
    struct late_stream *late = (struct late_stream *)stream;
    struct builder b = builder_on(buffer, size);
    late->reads++;
    if (late->reads == 2)
        assert_int_equal(bytes_at_once(late->pair), strlen("first\r\n"));
    if (late->reads < 3)
        builder_put(&b, late->reads == 1 ? TEXT("first\n") : TEXT("second\n"));
    *ret_len = b.len;
    return FAULT_NONE;
}

TEST(what_has_been_read_is_sent_before_more_is_read)
{
    static const struct stream_type type = {.read = late_read};
    struct pair pair;
    char got[64];
    struct late_stream late = {.stream = {.type = &type, .fd = -1}, .pair = &pair};
    open_pair(&pair, "A", 'F', 'S');
    assert_fault(transfer_send(&pair.transfer, &late.stream), FAULT_NONE);
    assert_int_equal(late.reads, 3);
    assert_text(read_now(&pair, got, sizeof(got)), "second\r\n");
    close_pair(&pair);
}

TEST(received_text_loses_its_cr_and_keeps_a_last_lone_one)
{
    struct pair pair;
    open_pair(&pair, "A", 'F', 'S');
    give(&pair, TEXT("a\r\nb\rc\r"), true);
    assert_fault(receive(&pair), FAULT_NONE);
    assert_file("a\nb\rc\r");
    assert_int_equal(pair.progress.bytes, 7);
    close_pair(&pair);
}

TEST(a_full_disk_ends_an_upload_with_its_fault)
{
    static const struct {
        char mode;
        struct text wire;
    } cases[] = {{'S', TEXT("0123456789")},
                 {'B', TEXT("\x40\0\x0A"
                            "0123456789")}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pair pair;
        open_pair(&pair, "I", 'F', cases[i].mode);
        give(&pair, cases[i].wire, true);
        buffer_stream_init(&file, TEXT(""));
        file.fails_at = 4;
        assert_fault(transfer_receive(&pair.transfer, &file.stream), FAULT_NO_SPACE);
        close_pair(&pair);
    }
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
    pthread_t thread;
    open_pair(&pair, "I", 'F', 'S');
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, &pair), 0);
    assert_fault(receive(&pair), FAULT_CANCELLED);
    pthread_join(thread, NULL);
    close_pair(&pair);
}

TEST(empty_lines_double_on_the_wire_and_come_back_as_they_were)
{
    enum { LINES = 4096 };
    struct pair pair;
    static char content[LINES];
    static char wire[2 * LINES + 1];
    memset(content, '\n', sizeof(content));
    open_pair(&pair, "A", 'F', 'S');
    assert_fault(send_file(&pair, (struct text){content, LINES}), FAULT_NONE);
    struct text sent = read_now(&pair, wire, sizeof(wire));
    assert_int_equal(sent.len, 2 * LINES);
    assert_int_equal(pair.progress.bytes, 2 * LINES);
    close_pair(&pair);
    open_pair(&pair, "A", 'F', 'S');
    give(&pair, sent, true);
    assert_fault(receive(&pair), FAULT_NONE);
    assert_true(text_equal(buffer_stream_text(&file), (struct text){content, LINES}));
    close_pair(&pair);
}

TEST(a_transfer_that_was_cancelled_before_it_began_is_not_a_complete_one)
{
    static const char modes[] = {'S', 'B', 'C', 'Z'};
    for (size_t i = 0; i < COUNT(modes); i++) {
        struct pair pair;
        open_pair(&pair, "I", 'F', modes[i]);
        transfer_cancel(&pair.progress, &pair.channel);
        assert_fault(send_file(&pair, TEXT("x")), FAULT_CANCELLED);
        assert_fault(receive(&pair), FAULT_CANCELLED);
        close_pair(&pair);
    }
}

TEST(a_connection_that_breaks_is_no_end_of_the_file)
{
    struct pair pair;
    open_pair(&pair, "I", 'F', 'S');
    peers_reset(pair.other);
    assert_fault(receive(&pair), FAULT_CONNECTION_LOST);
    assert_file("");
    channel_close(&pair.channel);
}

TEST(a_stream_is_moved_only_the_way_it_can_go)
{
    static const struct stream_type none = {.close = buffer_stream_close};
    char byte;
    size_t len = 99;
    buffer_stream_init(&file, TEXT(""))->type = &none;
    assert_fault(stream_read(&file.stream, &byte, 1, &len), FAULT_BUG);
    assert_int_equal(len, 99);
    assert_fault(stream_write(&file.stream, "x", 1), FAULT_BUG);
    assert_fault(stream_seek(&file.stream, 1), FAULT_UNSUPPORTED);
    assert_file("");
}

/* ---- Connections that stay open ------------------------------------------ */

TEST(in_mode_b_and_c_the_connection_stays_open_for_the_next_file)
{
    static const char modes[] = {'B', 'C'};
    for (size_t i = 0; i < COUNT(modes); i++) {
        struct pair pair;
        char wire[64];
        open_pair(&pair, "I", 'F', modes[i]);
        assert_fault(send_file(&pair, TEXT("one")), FAULT_NONE);
        struct text sent = read_now(&pair, wire, sizeof(wire));
        assert_int_equal(sent.len, pair.progress.bytes);
        give(&pair, sent, false); /* and in the other direction */
        begin(&pair, "I", 'F', modes[i]);
        assert_fault(receive(&pair), FAULT_NONE);
        assert_file("one");
        assert_false(channel_is_over(&pair.channel));
        begin(&pair, "I", 'F', modes[i]);
        assert_fault(send_file(&pair, TEXT("")), FAULT_NONE);
        assert_int_equal(read_now(&pair, wire, sizeof(wire)).len, pair.progress.bytes);
        assert_int_equal(recv(pair.other, wire, 1, MSG_DONTWAIT), -1);
        close_pair(&pair);
    }
}

TEST(what_comes_behind_the_end_of_the_file_is_the_next_one_s)
{
    static const struct text wires[] = {
        TEXT("\x40\0\3one\x40\0\0\0\0\1t\x40\0\2wo\x40\0\1\xFF"),
        TEXT("\3one\0\x40\xC0\0\x40\xC0\1t\0\x40\2wo\0\x40\1\xFF"),
    };
    static const char *const files[] = {"one", "", "two", "\xFF"};
    for (size_t i = 0; i < COUNT(wires); i++) {
        struct pair pair;
        open_pair(&pair, "I", 'F', i ? 'C' : 'B');
        give(&pair, wires[i], true);
        uint64_t total = 0;
        for (size_t n = 0; n < COUNT(files); n++) {
            begin(&pair, "I", 'F', i ? 'C' : 'B');
            assert_fault(receive(&pair), FAULT_NONE);
            assert_file(files[n]);
            total += pair.progress.bytes;
        }
        assert_int_equal(total, wires[i].len);
        assert_true(channel_is_over(&pair.channel));
        assert_fault(receive(&pair), FAULT_CONNECTION_LOST);
        close_pair(&pair);
    }
}

/* RFC 959 3.4.1: with records the end is told in MODE S, too, yet by none but the last bytes. */
TEST(behind_the_last_record_in_mode_s_nothing_may_come)
{
    struct pair pair;
    open_pair(&pair, "I", 'R', 'S');
    give(&pair, TEXT("a\xFF\1b\xFF\3"), false);
    assert_fault(receive(&pair), FAULT_NONE);
    assert_file("ab");
    give(&pair, TEXT("\xFF\2more"), false);
    assert_fault(receive(&pair), FAULT_MALFORMED);
    close_pair(&pair);
}

/* ---- What is no file ------------------------------------------------------ */

TEST(what_is_not_as_mode_and_structure_say_is_refused)
{
    static const struct {
        char structure;
        char mode;
        struct text wire;
        enum fault fault;
    } cases[] = {
        {'F', 'B', TEXT("\1\0\0"), FAULT_MALFORMED},
        {'F', 'C', TEXT("\0\1"), FAULT_MALFORMED},
        {'F', 'Z', TEXT("no zlib stream"), FAULT_MALFORMED},
        {'R', 'S', TEXT("a\xFF\4"), FAULT_MALFORMED},
        {'P', 'S', TEXT("\4\0\1\7x"), FAULT_PAGE_TYPE},
        {'P', 'B', TEXT("\x40\0\4\7\0\0\0"), FAULT_MALFORMED},
        {'F', 'B', TEXT("\x40\0\5abc"), FAULT_CONNECTION_LOST},
        {'F', 'B', TEXT("\0\0\3abc"), FAULT_CONNECTION_LOST},
        {'F', 'C', TEXT("\3abc"), FAULT_CONNECTION_LOST},
        {'F', 'Z', TEXT(""), FAULT_CONNECTION_LOST},
        {'R', 'S', TEXT("abc\xFF\1"), FAULT_CONNECTION_LOST},
        {'P', 'S', TEXT("\4\0\3\1abc"), FAULT_CONNECTION_LOST},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pair pair;
        open_pair(&pair, "I", cases[i].structure, cases[i].mode);
        give(&pair, cases[i].wire, true);
        enum fault f = receive(&pair);
        if (f != cases[i].fault)
            fail_msg("%zu: FAULT_%s", i, fault_name(f));
        close_pair(&pair);
    }
}

TEST(what_arrived_is_in_the_file_when_the_way_breaks)
{
    struct pair pair;
    open_pair(&pair, "I", 'F', 'B');
    give(&pair, TEXT("\0\0\3abc\0\0\5de"), true);
    assert_fault(receive(&pair), FAULT_CONNECTION_LOST);
    assert_file("abcde");
    close_pair(&pair);
    open_pair(&pair, "I", 'P', 'B');
    give(&pair, TEXT("\0\0\7\4\0\3\1abc\0\0\7\4\1\3\1xyz"), true);
    assert_fault(receive(&pair), FAULT_CONNECTION_LOST);
    assert_int_equal(file.stream.file_end, 258);
    assert_memory_equal(file.bytes, "abc\0", 4);
    assert_memory_equal(file.bytes + 255, "xyz", 3);
    close_pair(&pair);
    open_pair(&pair, "I", 'F', 'B');
    give(&pair, TEXT("\0\0\3abc\1\0\0"), true);
    assert_fault(receive(&pair), FAULT_MALFORMED); /* that is not the way's */
    close_pair(&pair);
}

/* At a hundred bytes in a second, what waits must be woken for the test to end in time. */
TEST(a_transfer_that_waits_for_its_rate_can_be_cancelled)
{
    enum { HOURS = 1 << 20 };
    static char content[HOURS];
    static const char modes[] = {'S', 'B'};
    for (size_t i = 0; i < COUNT(modes); i++) {
        struct pair pair;
        pthread_t thread;
        struct throttles throttles = {.count = 0};
        struct throttle *throttle = throttle_new(100);
        throttles_add(&throttles, throttle);
        open_pair(&pair, "I", 'F', modes[i]);
        pair.transfer.throttles = &throttles;
        assert_int_equal(pthread_create(&thread, NULL, cancel_soon, &pair), 0);
        assert_fault(send_file(&pair, (struct text){content, HOURS}), FAULT_CANCELLED);
        pthread_join(thread, NULL);
        close_pair(&pair);
        throttle_free(throttle);
    }
}

/* Nothing is moved here; the places taken for it would take longer than a test may. */
TEST(what_a_transfer_took_of_its_rate_and_did_not_move_is_given_back)
{
    enum { TIMES = 3000, RATE = 40 };
    struct throttles throttles = {.count = 0};
    struct throttle *throttle = throttle_new(RATE);
    throttles_add(&throttles, throttle);
    for (int i = 0; i < TIMES; i++) {
        struct pair pair;
        open_pair(&pair, "I", 'F', 'S');
        pair.transfer.throttles = &throttles;
        give(&pair, TEXT(""), true);
        assert_fault(receive(&pair), FAULT_NONE);
        close_pair(&pair);
    }
    throttle_free(throttle);
}

/* ---- Without waiting ------------------------------------------------------------------ */

/* As long as it waits for nothing. */
static void open_pair_at_once(struct pair *pair, char mode)
{
    open_pair(pair, "I", 'F', mode);
    socket_set_blocking(pair->channel.fd, false);
    channel_open_at_once(&pair->channel, pair->channel.fd, 5);
}

static void gather(struct pair *pair, const char *bytes)
{
    char room[64];
    give(pair, text_of(bytes), false);
    peers_await(pair->channel.fd, POLLIN);
    assert_fault(channel_gather(&pair->channel, room, sizeof(room), sizeof(room)), FAULT_BUSY);
}

TEST(what_was_gathered_comes_first)
{
    struct pair pair;
    open_pair_at_once(&pair, 'S');
    gather(&pair, "gathered ");
    channel_begin_to_wait(&pair.channel);
    give(&pair, TEXT("and the rest"), true);
    assert_fault(receive(&pair), FAULT_NONE);
    assert_file("gathered and the rest");
    assert_int_equal(pair.progress.bytes, 21);
    close_pair(&pair);
}

/* It would have been in the file by now, had there been a thread. */
TEST(what_was_gathered_is_in_the_file_whatever_ended_it_since)
{
    struct pair pair;
    open_pair_at_once(&pair, 'S');
    gather(&pair, "gathered");
    transfer_cancel(&pair.progress, &pair.channel);
    assert_fault(receive(&pair), FAULT_CANCELLED);
    assert_file("gathered");
    assert_int_equal(pair.progress.bytes, 8);
    close_pair(&pair);
}

TEST(a_small_file_is_sent_without_waiting)
{
    struct pair pair;
    char got[64];
    struct stream kernel = {&buffer_stream_type, file_of("0123456789"), 3, 7};
    open_pair_at_once(&pair, 'S');
    bool is_done = !transfer_send_at_once(&pair.transfer, &kernel, false);
    assert_int_equal(kernel.file_offset, 7);
    channel_begin_to_wait(&pair.channel);
    if (!is_done)
        assert_fault(transfer_send(&pair.transfer, &kernel), FAULT_NONE);
    assert_text(read_now(&pair, got, sizeof(got)), "3456");
    assert_int_equal(read(pair.other, got, 1), 0);
    assert_int_equal(pair.progress.bytes, 4);
    close_pair(&pair);
    close(kernel.fd);
}

static void *read_all(void *argument)
{
    struct pair *pair = argument;
    static char bytes[65536];
    size_t total = 0;
    ssize_t n;
    while ((n = recv(pair->other, bytes, sizeof(bytes), 0)) > 0)
        total += (size_t)n;
    return (void *)(n == 0 ? total : SIZE_MAX);
}

TEST(what_could_not_be_sent_at_once_is_sent_by_who_waits)
{
    struct pair pair;
    struct stream kernel = {&buffer_stream_type, file_of("0123456789"), 0, 10};
    open_pair_at_once(&pair, 'S');
    size_t before = peers_fill(pair.channel.fd);
    assert_fault(transfer_send_at_once(&pair.transfer, &kernel, false), FAULT_UNSUPPORTED);
    channel_begin_to_wait(&pair.channel);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, read_all, &pair), 0);
    assert_fault(transfer_send(&pair.transfer, &kernel), FAULT_NONE);
    void *total;
    pthread_join(thread, &total);
    assert_int_equal((size_t)total, before + 10);
    assert_int_equal(pair.progress.bytes, 10);
    close_pair(&pair);
    close(kernel.fd);
}

TEST(what_is_not_sent_as_it_is_or_held_to_a_rate_is_not_sent_at_once)
{
    struct pair pair;
    struct stream kernel = {&buffer_stream_type, file_of("0123456789"), 0, 10};
    struct throttles throttles = {.count = 0};
    struct throttle *throttle = throttle_new(1 << 30);
    throttles_add(&throttles, throttle);
    for (unsigned i = 0; i < 5; i++) {
        char byte;
        open_pair_at_once(&pair, i == 0 ? 'B' : 'S');
        pair.transfer.plan.parameters.type = i == 1 ? 'A' : 'I';
        pair.transfer.throttles = i == 2 ? &throttles : NULL;
        kernel.file_end = i == 3 ? CHANNEL_AT_ONCE_BYTES + 1 : 10;
        if (i == 4)
            pair.transfer.plan.parameters.structure = 'R';
        assert_fault(transfer_send_at_once(&pair.transfer, &kernel, false), FAULT_UNSUPPORTED);
        assert_int_equal(kernel.file_offset, 0);
        assert_int_equal(recv(pair.other, &byte, 1, MSG_DONTWAIT), -1);
        close_pair(&pair);
    }
    throttle_free(throttle);
    close(kernel.fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(text_is_sent_with_cr_lf_and_counted_as_sent),
        RUN(a_file_goes_by_the_kernel_from_its_offset_to_its_end),
        RUN(a_file_that_became_shorter_is_an_error_not_a_short_transfer),
        RUN(a_read_error_ends_the_transfer_with_its_fault_and_the_file_has_no_end),
        RUN(what_has_been_read_is_sent_before_more_is_read),
        RUN(received_text_loses_its_cr_and_keeps_a_last_lone_one),
        RUN(a_full_disk_ends_an_upload_with_its_fault),
        RUN(cancelling_wakes_a_transfer_that_waits),
        RUN(empty_lines_double_on_the_wire_and_come_back_as_they_were),
        RUN(a_transfer_that_was_cancelled_before_it_began_is_not_a_complete_one),
        RUN(a_connection_that_breaks_is_no_end_of_the_file),
        RUN(a_stream_is_moved_only_the_way_it_can_go),
        RUN(in_mode_b_and_c_the_connection_stays_open_for_the_next_file),
        RUN(what_comes_behind_the_end_of_the_file_is_the_next_one_s),
        RUN(behind_the_last_record_in_mode_s_nothing_may_come),
        RUN(what_is_not_as_mode_and_structure_say_is_refused),
        RUN(what_arrived_is_in_the_file_when_the_way_breaks),
        RUN(a_transfer_that_waits_for_its_rate_can_be_cancelled),
        RUN(what_a_transfer_took_of_its_rate_and_did_not_move_is_given_back),
        RUN(what_was_gathered_comes_first),
        RUN(what_was_gathered_is_in_the_file_whatever_ended_it_since),
        RUN(a_small_file_is_sent_without_waiting),
        RUN(what_could_not_be_sent_at_once_is_sent_by_who_waits),
        RUN(what_is_not_sent_as_it_is_or_held_to_a_rate_is_not_sent_at_once),
    };
    return cmocka_run_group_tests(tests, load_page, NULL);
}
