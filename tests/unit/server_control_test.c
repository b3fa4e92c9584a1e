/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <netinet/tcp.h>

#include "net/socket.h"
#include "server/config.h"
#include "server/control.h"
#include "server/loop.h"
#include "tests/unit/peers.h"

enum {
    /* More than a connection ever keeps of lines or, but for one long listing, of replies. */
    KEPT_MAX = 512 * 1024,
    TURNS_MAX = 20000,
};

/* An owner that takes some lines and writes down what it is told. */
struct owner {
    struct control control;
    int peer;
    unsigned takes; /* how many lines it takes before it refuses */
    unsigned waits;
    unsigned settled;
    unsigned secured;
    unsigned lines;
    bool finishes;       /* with the first line it gets */
    bool resumes;        /* from inside each line */
    char long_beginning; /* first byte of a line that was too long */
    char bytes[512];
    struct builder log; /* "line|line|", a too long one as "<long>|" */
};

static struct loop *loop;
static struct owner owner;

static bool on_line(void *context, struct text line)
{
    struct owner *o = context;
    if (!o->takes)
        return false;
    o->takes--;
    o->lines++;
    builder_put(&o->log, line.at ? line : TEXT("<long>"));
    builder_put_byte(&o->log, '|');
    if (o->finishes)
        control_finish(&o->control);
    if (o->resumes)
        control_resume(&o->control);
    return true;
}

static void on_long_line(void *context, struct text beginning)
{
    struct owner *o = context;
    o->long_beginning = beginning.len ? beginning.at[0] : '\0';
}

static void on_waiting(void *context, struct text line)
{
    struct owner *o = context;
    (void)line;
    o->waits++;
}

static void on_settled(void *context)
{
    struct owner *o = context;
    o->settled++;
}

static void on_secured(void *context)
{
    struct owner *o = context;
    o->secured++;
}

static const struct control_events events = {on_line, on_long_line, on_waiting, on_secured,
                                             on_settled};

static int set_up(void **unused)
{
    char *argv[] = {(char *)"ferryd", (char *)"--root", (char *)"/tmp"};
    char message[CONFIG_MESSAGE_SIZE];
    struct config_request request;
    int ours;
    (void)unused;
    struct config *config = config_load(COUNT(argv), argv, &request, message);
    assert_non_null(config);
    loop = loop_new(NULL, config);
    config_unref(config);
    assert_non_null(loop);
    memset(&owner, 0, sizeof(owner));
    owner.log = builder_on(owner.bytes, sizeof(owner.bytes));
    owner.takes = UINT32_MAX;
    peers_connect(&ours, &owner.peer);
    const union endpoint peer = socket_peer(ours);
    socket_tune_control(ours); /* as by the listener */
    assert_true(control_open(&owner.control, loop, ours, &peer, &events, &owner));
    return 0;
}

static int tear_down(void **unused)
{
    (void)unused;
    control_close(&owner.control);
    loop_free(loop);
    if (owner.peer >= 0)
        close(owner.peer);
    return 0;
}

/* One turn of the loop: all that is ready now is dealt with. */
static void turn(void)
{
    loop_tell(loop, LOOP_DRAIN); /* without sessions it ends this run */
    loop_run(loop);
}

static void say(const char *bytes, size_t len)
{
    assert_int_equal(send(owner.peer, bytes, len, 0), len);
    peers_await(owner.control.fd, POLLIN);
    turn();
}

#define SAY(literal) say(literal, sizeof(literal) - 1)

static void assert_heard(const char *expected)
{
    assert_text(builder_text(&owner.log), expected);
}

/* Small buffers in the kernel, and full: what is said now has to be kept. How much fills them. */
static size_t stop_listening(void)
{
    const int small = 16 * 1024;
    assert_int_equal(setsockopt(owner.control.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
    assert_int_equal(setsockopt(owner.peer, IPPROTO_TCP, TCP_WINDOW_CLAMP, &small, sizeof(small)),
                     0);
    return peers_fill(owner.control.fd);
}

/* The peer reads until no more than `left` bytes of replies are kept for it. */
static void listen_until_kept(size_t left)
{
    char bytes[4096];
    while (owner.control.output_len > left) {
        struct pollfd ready[] = {{owner.peer, POLLIN, 0}, {owner.control.fd, POLLOUT, 0}};
        assert_in_range(poll(ready, COUNT(ready), 10000), 1, COUNT(ready));
        (void)recv(owner.peer, bytes, sizeof(bytes), MSG_DONTWAIT);
        turn();
    }
}

/* ---- Lines --------------------------------------------------------------------------- */

TEST(a_line_is_offered_whole_however_it_arrives)
{
    SAY("NO");
    assert_heard("");
    assert_non_null(owner.control.partial);
    SAY("OP\r");
    SAY("\nSYST\n\r\nPW");
    assert_heard("NOOP|SYST||");
    SAY("D\r\n");
    assert_heard("NOOP|SYST||PWD|");
    assert_int_equal(owner.waits, 0);
}

TEST(a_connection_at_rest_owns_no_buffer)
{
    owner.takes = 1;
    SAY("NOOP\r\nSYST\r\nPW");
    owner.takes = 9;
    control_resume(&owner.control);
    SAY("D\r\n");
    control_send(&owner.control, TEXT("200 OK.\r\n"));
    assert_null(owner.control.partial);
    assert_null(owner.control.waiting);
    assert_null(owner.control.output);
    assert_heard("NOOP|SYST|PWD|");
}

TEST(lines_that_are_not_taken_wait_and_keep_their_order)
{
    owner.takes = 1;
    SAY("A\r\nB\r\n\r\nC\r\n");
    assert_heard("A|");
    assert_int_equal(owner.waits, 3);
    owner.takes = 1;
    control_resume(&owner.control);
    assert_heard("A|B|");
    control_resume(&owner.control);
    assert_heard("A|B|");
    owner.takes = 9;
    SAY("D\r\n"); /* behind those that wait, though it could be taken */
    assert_heard("A|B|");
    control_resume(&owner.control);
    assert_heard("A|B||C|D|");
    assert_int_equal(owner.waits, 4);
}

TEST(resuming_from_inside_a_line_neither_repeats_nor_reorders)
{
    owner.takes = 0;
    SAY("A\r\nB\r\nC\r\n");
    owner.takes = 9;
    owner.resumes = true;
    control_resume(&owner.control);
    assert_heard("A|B|C|");
    SAY("D\r\nE\r\n");
    assert_heard("A|B|C|D|E|");
}

static void say_line_of(size_t len)
{
    static char line[LINE_MAX_BYTES + 2];
    memset(line, 'x', len);
    line[len] = '\n';
    size_t before = owner.lines + owner.waits;
    assert_int_equal(send(owner.peer, line, len + 1, 0), len + 1);
    for (int i = 0; i < 1000 && owner.lines + owner.waits == before; i++)
        turn();
}

TEST(a_line_is_too_long_when_it_is_longer_than_the_longest)
{
    say_line_of(LINE_MAX_BYTES); /* too long for the log of this test only */
    assert_heard("|");
    say_line_of(LINE_MAX_BYTES + 1);
    SAY("NOOP\r\n");
    assert_heard("|<long>|NOOP|");
}

TEST(a_too_long_line_keeps_its_place_among_those_that_wait)
{
    owner.takes = 0;
    SAY("A\r\n");
    say_line_of(LINE_MAX_BYTES + 1);
    assert_true(owner.long_beginning != '\0'); /* which is told at once */
    SAY("B\r\n");
    owner.takes = 9;
    control_resume(&owner.control);
    assert_heard("A|<long>|B|");
}

static size_t pipeline_until_it_sticks(void)
{
    static const char many[] = "\n\n\n\n\n\n\n\n";
    size_t lines = 0;
    for (int i = 0; i < TURNS_MAX && owner.control.events_on & WATCH_READ; i++) {
        ssize_t n = send(owner.peer, many, sizeof(many) - 1, MSG_DONTWAIT);
        lines += n > 0 ? (size_t)n : 0;
        turn();
    }
    return lines;
}

TEST(reading_stops_when_too_much_waits_and_nothing_is_forgotten)
{
    owner.takes = 0;
    size_t lines = pipeline_until_it_sticks();
    assert_int_equal(owner.control.events_on & (WATCH_READ | WATCH_URGENT), 0);
    assert_true(owner.control.waiting_size <= KEPT_MAX);
    owner.takes = UINT32_MAX;
    control_resume(&owner.control);
    assert_true(owner.control.events_on & WATCH_READ);
    for (int i = 0; i < TURNS_MAX && owner.lines < lines; i++)
        turn();
    assert_int_equal(owner.lines, lines);
}

/* ---- Telnet and TLS --------------------------------------------------------------------- */

TEST(a_telnet_option_is_refused_in_the_middle_of_a_line)
{
    unsigned char answer[6] = {0};
    const unsigned char expected[6] = {255, 254, 1, 255, 252, 3};
    SAY("NO\xFF\xFB\x01OP\xFF\xFD\x03\r\n");
    assert_heard("NOOP|");
    assert_int_equal(recv(owner.peer, answer, sizeof(answer), MSG_WAITALL), 6);
    assert_memory_equal(answer, expected, sizeof(answer));
}

TEST(a_synch_discards_what_waits_and_what_was_begun)
{
    owner.takes = 0;
    SAY("OLD\r\nOL");
    assert_int_equal(send(owner.peer, "\xFF\xF4\xFF\xF2", 4, MSG_OOB), 4);
    SAY("ABOR\r\n");
    /* One read ends in front of an urgent byte, the next begins with it. */
    for (int i = 0; i < TURNS_MAX && owner.waits < 2; i++)
        turn();
    owner.takes = 9;
    control_resume(&owner.control);
    assert_heard("ABOR|");
}

TEST(a_data_mark_that_is_not_urgent_discards_nothing)
{
    owner.takes = 0;
    SAY("OLD\r\nNO\xFF\xF2OP\r\n");
    owner.takes = 9;
    control_resume(&owner.control);
    assert_heard("OLD|NOOP|");
}

TEST(a_tls_client_is_told_nothing_it_could_not_read)
{
    char byte;
    SAY("\x16\x03\x01\r\n");
    assert_true(control_is_over(&owner.control));
    control_send(&owner.control, TEXT("500 What?\r\n"));
    control_close(&owner.control);
    assert_true(recv(owner.peer, &byte, 1, 0) <= 0);
    assert_heard("");
}

TEST(only_the_first_byte_tells_a_tls_client)
{
    SAY("NOOP\r\n");
    SAY("\x16\r\n");
    assert_heard("NOOP|\x16|");
    assert_false(control_is_over(&owner.control));
}

/* ---- Replies ----------------------------------------------------------------------------- */

TEST(no_line_is_delivered_while_many_replies_are_unread)
{
    static char reply[16 * 1024];
    (void)stop_listening();
    for (int i = 0; i < 8; i++)
        control_send(&owner.control, (struct text){reply, sizeof(reply)});
    assert_true(owner.control.output_len > 64 * 1024);
    SAY("NOOP\r\n");
    assert_heard("");
    assert_int_equal(owner.waits, 1);
    listen_until_kept(0);
    assert_heard("NOOP|"); /* of itself */
    assert_null(owner.control.output);
}

static void check_numbers(size_t skip, unsigned count)
{
    for (size_t got = 0; got < skip;) {
        char waste[4096];
        size_t wanted = skip - got < sizeof(waste) ? skip - got : sizeof(waste);
        turn();
        ssize_t n = recv(owner.peer, waste, wanted, 0);
        assert_true(n > 0);
        got += (size_t)n;
    }
    for (unsigned i = 0; i < count; i++) {
        unsigned number = 0;
        turn();
        assert_int_equal(recv(owner.peer, &number, sizeof(number), MSG_WAITALL), sizeof(number));
        assert_int_equal(number, i);
    }
}

TEST(replies_that_had_to_be_kept_arrive_in_order_and_once)
{
    size_t before = stop_listening();
    for (unsigned i = 0; i < 10000; i++)
        control_send(&owner.control, (struct text){(const char *)&i, sizeof(i)});
    assert_true(owner.control.output_len > 0);
    assert_true(owner.control.events_on & WATCH_WRITE);
    check_numbers(before, 10000);
    assert_false(owner.control.events_on & WATCH_WRITE);
}

/* A peer that reads a little now and then must not make the buffer grow with all it ever got. */
TEST(what_is_kept_is_what_is_unread_and_not_all_that_was_said)
{
    static char reply[64 * 1024];
    enum { UNREAD_MAX = 6 * sizeof(reply), SIZE_MAX_EXPECTED = 4 * UNREAD_MAX };
    (void)stop_listening();
    for (int i = 0; i < 8; i++)
        control_send(&owner.control, (struct text){reply, sizeof(reply)});
    for (int round = 0; round < 100; round++) {
        listen_until_kept(UNREAD_MAX);
        assert_in_range(owner.control.output_len, 1, UNREAD_MAX);
        control_send(&owner.control, (struct text){reply, sizeof(reply)});
    }
    assert_in_range(owner.control.output_size, 1, SIZE_MAX_EXPECTED);
}

TEST(a_peer_that_reads_nothing_is_given_up_at_a_limit)
{
    static char reply[64 * 1024];
    (void)stop_listening();
    for (int i = 0; i < 1000 && !owner.control.broken; i++) {
        assert_true(owner.control.output_len <= 2 * 1024 * 1024);
        control_send(&owner.control, (struct text){reply, sizeof(reply)});
    }
    assert_true(control_is_over(&owner.control));
    assert_null(owner.control.output);
    control_send(&owner.control, TEXT("more")); /* dropped */
    assert_null(owner.control.output);
}

TEST(a_reply_to_a_peer_that_is_gone_ends_the_connection)
{
    peers_reset(owner.peer);
    owner.peer = -1;
    peers_await(owner.control.fd, POLLIN);
    control_send(&owner.control, TEXT("200 OK.\r\n"));
    assert_true(control_is_over(&owner.control));
}

/* ---- The end ------------------------------------------------------------------------------- */

TEST(lines_sent_before_the_end_are_taken_before_it_is_over)
{
    owner.takes = 0;
    SAY("STOR\r\nQUI");
    assert_int_equal(shutdown(owner.peer, SHUT_WR), 0);
    peers_await(owner.control.fd, POLLRDHUP);
    turn();
    assert_true(owner.control.ended);
    assert_false(control_is_over(&owner.control));
    owner.takes = 9;
    control_resume(&owner.control);
    assert_heard("STOR|"); /* what was begun is no line */
    assert_true(control_is_over(&owner.control));
}

TEST(a_reset_is_the_end_at_once)
{
    owner.takes = 0;
    SAY("STOR\r\n");
    peers_reset(owner.peer);
    owner.peer = -1;
    peers_await(owner.control.fd, POLLIN);
    turn();
    assert_true(control_is_over(&owner.control));
}

TEST(after_finishing_no_line_is_delivered)
{
    owner.finishes = true;
    SAY("QUIT\r\nNOOP\r\n");
    assert_heard("QUIT|");
    assert_true(control_is_over(&owner.control));
    assert_int_equal(owner.waits, 0);
    assert_int_equal(send(owner.peer, "PWD\r\n", 5, 0), 5);
    turn();
    control_resume(&owner.control);
    assert_heard("QUIT|");
}

TEST(finishing_waits_until_the_peer_has_its_replies)
{
    (void)stop_listening();
    control_send(&owner.control, TEXT("221 Goodbye.\r\n"));
    control_finish(&owner.control);
    assert_false(control_is_over(&owner.control));
    listen_until_kept(0);
    assert_true(control_is_over(&owner.control));
    assert_false(owner.control.broken);
}

TEST(closing_with_lines_unread_does_not_cost_the_last_reply)
{
    char bytes[16] = "";
    assert_int_equal(send(owner.peer, "NOOP\r\nNOOP\r\n", 12, 0), 12);
    peers_await(owner.control.fd, POLLIN);
    control_send(&owner.control, TEXT("421 End.\r\n"));
    control_close(&owner.control);
    assert_int_equal(owner.control.fd, -1);
    assert_int_equal(recv(owner.peer, bytes, sizeof(bytes) - 1, MSG_WAITALL), 10);
    assert_string_equal(bytes, "421 End.\r\n");
}

TEST(the_owner_is_told_when_each_event_has_been_dealt_with)
{
    SAY("A\r\nB\r\n");
    assert_int_equal(owner.settled, 1);
    turn();
    assert_int_equal(owner.settled, 1); /* nothing happened */
    SAY("C");
    assert_int_equal(owner.settled, 2);
}

TEST(what_cannot_be_watched_stays_the_callers)
{
    struct control control;
    char name[] = "/tmp/ferry-control-XXXXXX";
    int fd = mkstemp(name);
    unlink(name);
    const union endpoint peer = endpoint_any(AF_INET, 0);
    assert_false(control_open(&control, loop, fd, &peer, &events, &owner));
    assert_int_equal(close(fd), 0);
}

#define CONNECTED(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONNECTED(a_line_is_offered_whole_however_it_arrives),
        CONNECTED(a_connection_at_rest_owns_no_buffer),
        CONNECTED(lines_that_are_not_taken_wait_and_keep_their_order),
        CONNECTED(resuming_from_inside_a_line_neither_repeats_nor_reorders),
        CONNECTED(a_line_is_too_long_when_it_is_longer_than_the_longest),
        CONNECTED(a_too_long_line_keeps_its_place_among_those_that_wait),
        CONNECTED(reading_stops_when_too_much_waits_and_nothing_is_forgotten),
        CONNECTED(a_telnet_option_is_refused_in_the_middle_of_a_line),
        CONNECTED(a_synch_discards_what_waits_and_what_was_begun),
        CONNECTED(a_data_mark_that_is_not_urgent_discards_nothing),
        CONNECTED(a_tls_client_is_told_nothing_it_could_not_read),
        CONNECTED(only_the_first_byte_tells_a_tls_client),
        CONNECTED(no_line_is_delivered_while_many_replies_are_unread),
        CONNECTED(replies_that_had_to_be_kept_arrive_in_order_and_once),
        CONNECTED(what_is_kept_is_what_is_unread_and_not_all_that_was_said),
        CONNECTED(a_peer_that_reads_nothing_is_given_up_at_a_limit),
        CONNECTED(a_reply_to_a_peer_that_is_gone_ends_the_connection),
        CONNECTED(lines_sent_before_the_end_are_taken_before_it_is_over),
        CONNECTED(a_reset_is_the_end_at_once),
        CONNECTED(after_finishing_no_line_is_delivered),
        CONNECTED(finishing_waits_until_the_peer_has_its_replies),
        CONNECTED(closing_with_lines_unread_does_not_cost_the_last_reply),
        CONNECTED(the_owner_is_told_when_each_event_has_been_dealt_with),
        CONNECTED(what_cannot_be_watched_stays_the_callers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
