/* SPDX-License-Identifier: Apache-2.0 */
/* The user's end of transfers, with servers that go by a script. */
#include "client/user_dtp.h"
#include "tests/unit/buffer_stream.h"
#include "tests/unit/ftp_script.h"

static struct ftp_script script;
static struct user_dtp_settings settings;
static struct user_pi *pi;
static struct user_dtp *dtp;
static bool is_alleged;
static struct buffer_stream buffer;
static struct transfer_progress progress;
static char markers[256];

/* A line of the dialogue upon which the transfer that goes on is cancelled; NULL: none. */
static const char *cancelled_at;

static void on_line(void *owner, enum user_pi_sign sign, struct text line)
{
    (void)owner;
    (void)sign;
    if (cancelled_at && text_equal(line, text_of(cancelled_at)))
        user_dtp_cancel(dtp);
}

/* Connected with a server that goes by `words`; the next transfer's data are in `buffer`. */
static void begin(const char *words, enum user_dtp_side side)
{
    static const char *connections[1];
    static const struct user_pi_settings how = {.connect_seconds = FTP_SCRIPT_PATIENCE_S,
                                                .reply_seconds = FTP_SCRIPT_PATIENCE_S,
                                                .on_line = on_line};
    union endpoint target;
    int fd = -1;
    connections[0] = words;
    settings = (struct user_dtp_settings){.side = side,
                                          .host = "127.0.0.1",
                                          .connect_seconds = FTP_SCRIPT_PATIENCE_S,
                                          .stall_seconds = FTP_SCRIPT_PATIENCE_S};
    uint16_t port = ftp_script_begin(&script, connections, 1);
    assert_fault(socket_connect_any("127.0.0.1", port, AF_INET, NULL,
                                    (struct patience){FTP_SCRIPT_PATIENCE_S * 1000, NULL}, &fd,
                                    &target),
                 FAULT_NONE);
    assert_fault(user_pi_open(&how, fd, &pi), FAULT_NONE);
    assert_fault(user_dtp_new(pi, &settings, &dtp), FAULT_NONE);
    (void)buffer_stream_init(&buffer, TEXT(""));
}

static void end(void)
{
    user_dtp_free(dtp);
    user_pi_close(pi);
    ftp_script_end(&script);
}

static struct user_dtp_order order_of(const char *verb, struct text argument)
{
    struct user_dtp_order order = {.direction = USER_DTP_FETCH,
                                   .verb = verb,
                                   .argument = argument,
                                   .parameters = PARAMETERS_DEFAULT,
                                   .stream = &buffer.stream,
                                   .progress = &progress};
    order.parameters.type = TYPE_IMAGE;
    progress = (struct transfer_progress){0};
    return order;
}

static enum fault fetch(void)
{
    const struct user_dtp_order order = order_of("RETR", TEXT("f"));
    (void)buffer_stream_init(&buffer, TEXT(""));
    return user_dtp_transfer(dtp, &order);
}

static enum fault send_bytes(const char *content)
{
    struct user_dtp_order order = order_of("STOR", TEXT("f"));
    order.direction = USER_DTP_SEND;
    (void)buffer_stream_init(&buffer, text_of(content));
    return user_dtp_transfer(dtp, &order);
}

/* Nothing of an earlier reply is taken for this one's. */
static void assert_in_step(void)
{
    assert_fault(user_pi_command(pi, "NOOP", TEXT_NONE), FAULT_NONE);
    assert_int_equal(user_pi_code(pi), 200);
    assert_text(user_pi_text(pi), "in step");
}

#define IN_STEP ">NOOP\n<200 in step\n"
#define DATA "=accept\n<150 here\n=bytes data\n=end\n"

/* ---- The data port -------------------------------------------------------------------------- */

TEST(a_data_connection_is_made_as_the_settings_say)
{
    static const struct {
        enum user_dtp_side side;
        const char *words;
    } cases[] = {
        {USER_DTP_AUTO, ">EPSV\n=epsv\n>RETR f\n" DATA "<226 done\n"},
        {USER_DTP_PASSIVE, ">EPSV\n=epsv\n>RETR f\n" DATA "<226 done\n"},
        {USER_DTP_PASV, ">PASV\n=pasv\n>RETR f\n" DATA "<226 done\n"},
        {USER_DTP_ACTIVE, "=target\n>RETR f\n<150 soon\n=connect\n=bytes data\n=end\n<226 done\n"},
        {USER_DTP_PORT, ">PORT 127,0,0,1,*\n<200 fine\n>RETR f\n<425 not there\n"},
        {USER_DTP_DEFAULT, ">RETR f\n<150 soon\n=connect default\n=bytes data\n=end\n<226 done\n"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        bool is_refused = cases[i].side == USER_DTP_PORT;
        begin(cases[i].words, cases[i].side);
        assert_fault(fetch(), is_refused ? FAULT_NO_DATA_CONNECTION : FAULT_NONE);
        assert_text(buffer_stream_text(&buffer), is_refused ? "" : "data");
        end();
    }
}

TEST(what_a_server_does_not_know_is_not_asked_again)
{
    begin(">EPSV\n<500 what?\n>PASV\n=pasv\n>RETR f\n" DATA "<226 done\n"
          ">PASV\n=pasv\n>RETR f\n" DATA "<226 done\n",
          USER_DTP_AUTO);
    assert_fault(fetch(), FAULT_NONE);
    assert_fault(fetch(), FAULT_NONE);
    assert_text(buffer_stream_text(&buffer), "data");
    end();
    begin(
        ">EPRT |1|127.0.0.1|*\n<500 what?\n=target\n>RETR f\n<150 soon\n=connect\n=bytes a\n=end\n"
        "<226 done\n=target\n>RETR f\n<150 soon\n=connect\n=bytes b\n=end\n<226 done\n",
        USER_DTP_ACTIVE);
    assert_fault(fetch(), FAULT_NONE);
    assert_fault(fetch(), FAULT_NONE);
    assert_text(buffer_stream_text(&buffer), "b");
    end();
}

TEST(where_epsv_leads_nowhere_pasv_is_tried_and_then_a_port_of_ours)
{
    begin(">EPSV\n=epsv closed\n>PASV\n=pasv\n>RETR f\n" DATA "<226 done\n"
          ">PASV\n=pasv\n>RETR f\n" DATA "<226 done\n",
          USER_DTP_AUTO);
    assert_fault(fetch(), FAULT_NONE);
    assert_fault(fetch(), FAULT_NONE);
    end();
    begin(">EPSV\n=epsv closed\n>PASV\n=pasv closed\n=target\n>RETR f\n<150 soon\n=connect\n"
          "=bytes data\n=end\n<226 done\n=target\n>RETR f\n<150 soon\n=connect\n=end\n<226 done\n",
          USER_DTP_AUTO);
    assert_fault(fetch(), FAULT_NONE);
    assert_text(buffer_stream_text(&buffer), "data");
    assert_fault(fetch(), FAULT_NONE);
    end();
    begin(">EPSV\n=epsv closed\n>PASV\n=pasv closed\n", USER_DTP_PASSIVE);
    assert_fault(fetch(), FAULT_NO_DATA_CONNECTION);
    end();
}

TEST(whatever_a_way_is_refused_with_the_next_one_is_tried)
{
    static const unsigned codes[] = {425, 450, 451, 500, 501, 502, 503,
                                     504, 522, 530, 533, 550, 553};
    char words[256];
    for (size_t i = 0; i < COUNT(codes); i++) {
        (void)snprintf(words, sizeof(words),
                       ">EPSV\n<%u no\n>PASV\n<%u no\n>EPRT |1|127.0.0.1|*\n<%u no\n"
                       "=target\n>RETR f\n<150 soon\n=connect\n=bytes data\n=end\n<226 done\n",
                       codes[i], codes[i], codes[i]);
        begin(words, USER_DTP_AUTO);
        assert_fault(fetch(), FAULT_NONE);
        assert_text(buffer_stream_text(&buffer), "data");
        end();
    }
}

TEST(where_every_way_is_refused_there_is_no_data_connection)
{
    begin(">EPSV\n<550 no\n>PASV\n<550 no\n>EPRT |1|127.0.0.1|*\n<550 no\n"
          ">PORT 127,0,0,1,*\n<550 not here\n" IN_STEP,
          USER_DTP_AUTO);
    assert_fault(fetch(), FAULT_NO_DATA_CONNECTION);
    assert_text(user_pi_text(pi), "not here");
    assert_in_step();
    end();
}

TEST(a_passive_way_that_failed_once_is_tried_again_when_nobody_can_come_to_us)
{
    static const char *const failures[] = {
        "=target\n>RETR f\n<425 cannot get to you\n",
        "=target\n>RETR f\n<150 soon\n<425 cannot get to you\n",
        ">EPRT |1|127.0.0.1|*\n<500 no\n>PORT 127,0,0,1,*\n<500 no\n",
    };
    char words[512];
    for (size_t i = 0; i < COUNT(failures); i++) {
        (void)snprintf(words, sizeof(words),
                       ">EPSV\n=epsv\n>RETR f\n" DATA "<226 done\n"
                       ">EPSV\n<425 no port free\n>PASV\n<425 no port free\n%s"
                       ">EPSV\n=epsv\n>RETR f\n" DATA "<226 done\n",
                       failures[i]);
        begin(words, USER_DTP_AUTO);
        assert_fault(fetch(), FAULT_NONE);
        assert_fault(fetch(), FAULT_NO_DATA_CONNECTION);
        assert_fault(fetch(), FAULT_NONE);
        assert_text(buffer_stream_text(&buffer), "data");
        end();
    }
}

TEST(a_refusal_that_is_of_the_login_is_not_of_the_way)
{
    begin(">EPSV\n<421 too many\n", USER_DTP_AUTO);
    assert_fault(fetch(), FAULT_TOO_MANY);
    end();
}

TEST(replies_without_a_port_open_nothing)
{
    static const char *const replies[] = {
        "<227 (127,0,0,1,0,0)\n", "<227 (127,0,0,1,256,1)\n", "<227 nowhere\n",
        "<200 (127,0,0,1,4,1)\n", "<227 (127,0,0,1)\n",
    };
    for (size_t i = 0; i < COUNT(replies); i++) {
        char words[128];
        (void)snprintf(words, sizeof(words), ">PASV\n%s", replies[i]);
        begin(words, USER_DTP_PASV);
        assert_fault(fetch(), FAULT_NO_DATA_CONNECTION);
        end();
    }
}

TEST(a_foreign_address_is_not_gone_to)
{
    /* Nobody is at 192.0.2.1 (RFC 5737); the port is right at the server's own address. */
    begin(">PASV\n=pasv 192,0,2,1\n>RETR f\n" DATA "<226 done\n", USER_DTP_PASV);
    assert_fault(fetch(), FAULT_NONE);
    assert_text(buffer_stream_text(&buffer), "data");
    end();
}

TEST(a_foreign_address_is_gone_to_when_it_is_trusted)
{
    /* It listens at 127.0.0.1 alone: at 127.0.0.2 it is not found. */
    begin(">PASV\n=pasv 127,0,0,2\n", USER_DTP_PASV);
    settings.trusts_address = true;
    assert_fault(fetch(), FAULT_NO_DATA_CONNECTION);
    end();
    begin(">PASV\n=pasv 127,0,0,1\n>RETR f\n" DATA "<226 done\n", USER_DTP_PASV);
    settings.trusts_address = true;
    assert_fault(fetch(), FAULT_NONE);
    end();
}

TEST(a_stranger_at_our_port_gets_nothing)
{
    begin("=target\n>STOR f\n<150 soon\n=connect 127.0.0.2\n=broken\n=connect\n=receive data\n"
          "<226 done\n",
          USER_DTP_ACTIVE);
    assert_fault(send_bytes("data"), FAULT_NONE);
    end();
}

TEST(a_server_that_never_comes_is_told_to_give_up)
{
    begin("=target\n>RETR f\n=abort\n<426 too late\n<226 fine\n" IN_STEP, USER_DTP_ACTIVE);
    settings.connect_seconds = 1;
    assert_fault(fetch(), FAULT_NO_DATA_CONNECTION);
    assert_in_step();
    end();
}

/* ---- Beginning and end ---------------------------------------------------------------- */

TEST(the_replies_may_come_in_any_order_with_the_data)
{
    static const struct {
        const char *words;
        enum fault fault;
    } cases[] = {
        /* before the connection */
        {"<150 soon\n=accept\n=bytes data\n=end\n<226 done\n", FAULT_NONE},
        {"<125 here\n=accept\n=bytes data\n=end\n<250 done\n", FAULT_NONE},
        /* 226 before the data end */
        {"<150 soon\n=accept\n<226 done\n=bytes data\n=end\n", FAULT_NONE},
        {"=accept\n<226 done\n=bytes data\n=end\n", FAULT_NONE},
        /* 150 behind the data, or never */
        {"=accept\n=bytes data\n=end\n<150 there\n<226 done\n", FAULT_NONE},
        {"=accept\n=bytes data\n=end\n<226 done\n", FAULT_NONE},
        /* promises behind the data */
        {DATA "<125 still\n<150 and still\n<226 done\n", FAULT_NONE},
        {DATA "<226-done\n< really\n<226 so\n", FAULT_NONE},
        /* nothing but 2xx is an end (RFC 959 5.4) */
        {DATA "<426 broken\n", FAULT_CONNECTION_LOST},
        {DATA "<451 the disk\n", FAULT_BUSY},
        {DATA "<331 password\n", FAULT_LOGIN_REFUSED},
        {DATA "=close\n", FAULT_CONNECTION_LOST},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char words[256];
        (void)snprintf(words, sizeof(words), ">EPSV\n=epsv\n>RETR f\n%s", cases[i].words);
        begin(words, USER_DTP_AUTO);
        assert_fault(fetch(), cases[i].fault);
        assert_text(buffer_stream_text(&buffer), "data");
        end();
    }
}

TEST(a_refusal_is_told_and_costs_the_next_one_nothing)
{
    static const struct {
        const char *reply;
        enum fault fault;
    } cases[] = {
        {"<550 none\n", FAULT_NOT_FOUND},      {"<553 no\n", FAULT_NAME_INVALID},
        {"<452 full\n", FAULT_NO_SPACE},       {"<425 cannot\n", FAULT_NO_DATA_CONNECTION},
        {"<150 soon\n<451 not\n", FAULT_BUSY},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char words[256];
        (void)snprintf(words, sizeof(words),
                       ">EPSV\n=epsv\n>RETR f\n%s=accept\n=end\n>EPSV\n=epsv\n>RETR f\n" DATA
                       "<226 done\n",
                       cases[i].reply);
        begin(words, USER_DTP_AUTO);
        assert_fault(fetch(), cases[i].fault);
        assert_fault(fetch(), FAULT_NONE);
        assert_text(buffer_stream_text(&buffer), "data");
        end();
    }
}

TEST(data_that_break_off_are_no_file_whatever_the_reply_says)
{
    begin(">EPSV\n=epsv\n>RETR f\n=accept\n<150 here\n=bytes data\n=reset\n<226 done\n" IN_STEP,
          USER_DTP_AUTO);
    assert_fault(fetch(), FAULT_CONNECTION_LOST);
    assert_in_step();
    end();
}

static enum fault list(void)
{
    struct user_dtp_order order = order_of("LIST", TEXT_NONE);
    order.ret_is_alleged = &is_alleged;
    (void)buffer_stream_init(&buffer, TEXT(""));
    return user_dtp_transfer(dtp, &order);
}

TEST(a_listing_that_nothing_came_of_but_2xx_is_empty)
{
    static const struct {
        enum user_dtp_side side;
        const char *words;
    } cases[] = {
        {USER_DTP_ACTIVE, "=target\n>LIST\n<226 empty\n"},
        {USER_DTP_ACTIVE, "=target\n>LIST\n<150 here\n<226 empty\n"},
        {USER_DTP_PASSIVE, ">EPSV\n=epsv\n>LIST\n<226 empty\n"},
        {USER_DTP_PASSIVE, ">EPSV\n=epsv\n>LIST\n<150 here\n<226 empty\n"},
        {USER_DTP_PASSIVE, ">EPSV\n=epsv\n>LIST\n=accept\n<150 here\n=reset\n<226 empty\n"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char words[256];
        (void)snprintf(words, sizeof(words), "%s" IN_STEP, cases[i].words);
        begin(words, cases[i].side);
        assert_fault(list(), FAULT_NONE);
        assert_text(buffer_stream_text(&buffer), "");
        assert_in_step();
        end();
    }
}

TEST(a_listing_may_come_behind_its_2xx)
{
    begin(">EPSV\n=epsv\n>LIST\n=accept\n<226 done\n=wait 200\n=bytes data\n=end\n", USER_DTP_AUTO);
    assert_fault(list(), FAULT_NONE);
    assert_text(buffer_stream_text(&buffer), "data");
    end();
}

TEST(nothing_but_2xx_is_no_file_and_a_listing_that_breaks_off_is_not_empty)
{
    begin(">EPSV\n=epsv\n>RETR f\n=accept\n<150 here\n=reset\n<226 done\n" IN_STEP, USER_DTP_AUTO);
    assert_fault(fetch(), FAULT_CONNECTION_LOST);
    assert_in_step();
    end();
    begin("=target\n>RETR f\n<226 done\n" IN_STEP, USER_DTP_ACTIVE);
    settings.connect_seconds = 1;
    assert_fault(fetch(), FAULT_NO_DATA_CONNECTION);
    assert_in_step();
    end();
    begin(">EPSV\n=epsv\n>LIST\n=accept\n<150 here\n=reset\n<426 broken\n" IN_STEP, USER_DTP_AUTO);
    assert_fault(list(), FAULT_CONNECTION_LOST);
    assert_in_step();
    end();
    begin(">EPSV\n=epsv\n>LIST\n=accept\n<150 here\n=bytes data\n=reset\n<226 done\n" IN_STEP,
          USER_DTP_AUTO);
    assert_fault(list(), FAULT_CONNECTION_LOST);
    assert_in_step();
    end();
}

TEST(what_is_sent_arrives_and_is_acknowledged)
{
    begin(">EPSV\n=epsv\n>STOR f\n=accept\n<150 go\n=receive some data\n<226 done\n",
          USER_DTP_AUTO);
    assert_fault(send_bytes("some data"), FAULT_NONE);
    assert_int_equal(atomic_load(&progress.bytes), strlen("some data"));
    end();
}

TEST(a_file_of_ours_that_fails_is_not_taken_for_whole_and_not_the_servers_fault)
{
    begin(">EPSV\n=epsv\n>STOR f\n=accept\n<150 go\n=broken\n<426 broken\n" IN_STEP, USER_DTP_AUTO);
    (void)buffer_stream_init(&buffer, TEXT("some data"));
    buffer.fails_at = 8;
    struct user_dtp_order order = order_of("STOR", TEXT("f"));
    order.direction = USER_DTP_SEND;
    assert_fault(user_dtp_transfer(dtp, &order), FAULT_IO);
    assert_int_equal(user_pi_code(pi), 0);
    assert_in_step();
    end();
}

/* ---- REST and RANG -------------------------------------------------------------------- */

TEST(rest_and_rang_come_right_before_the_command)
{
    static const struct {
        const char *restart;
        const char *range;
        const char *words;
        enum fault fault;
    } cases[] = {
        {"5", "", ">REST 5\n<350 go on\n>RETR f\n" DATA "<226 done\n", FAULT_NONE},
        {"", "5 9", ">RANG 5 9\n<350 go on\n>RETR f\n" DATA "<226 done\n", FAULT_NONE},
        {"5", "", ">REST 5\n<502 what?\n", FAULT_UNSUPPORTED},
        {"5", "", ">REST 5\n<554 too far\n", FAULT_OUT_OF_RANGE},
        {"5", "", ">REST 5\n<200 well\n", FAULT_UNSUPPORTED}, /* it does not wait for more */
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char words[256];
        (void)snprintf(words, sizeof(words), ">EPSV\n=epsv\n%s", cases[i].words);
        begin(words, USER_DTP_AUTO);
        struct user_dtp_order order = order_of("RETR", TEXT("f"));
        order.restart = text_of(cases[i].restart);
        order.range = text_of(cases[i].range);
        assert_fault(user_dtp_transfer(dtp, &order), cases[i].fault);
        end();
    }
}

static void on_marker(void *owner, struct text ours, struct text theirs)
{
    char *told = owner;
    size_t len = strlen(told);
    (void)snprintf(told + len, sizeof(markers) - len, "%.*s is %.*s\n", TEXT_ARGS(ours),
                   TEXT_ARGS(theirs));
}

TEST(markers_of_a_110_are_told_and_others_are_not)
{
    begin(">EPSV\n=epsv\n>STOR f\n=accept\n<150 go\n=receive data\n<110 MARK 10 = 20\n"
          "<110 mark a = b\n<110 MARK a\n<110 something else\n<150 still\n<226 done\n",
          USER_DTP_AUTO);
    struct user_dtp_order order = order_of("STOR", TEXT("f"));
    order.direction = USER_DTP_SEND;
    order.on_marker = on_marker;
    order.owner = markers;
    markers[0] = '\0';
    (void)buffer_stream_init(&buffer, TEXT("data"));
    assert_fault(user_dtp_transfer(dtp, &order), FAULT_NONE);
    assert_string_equal(markers, "10 is 20\na is b\n");
    end();
}

/* ---- A connection that stays ---------------------------------------------------------- */

TEST(in_mode_b_the_data_connection_stays_and_is_agreed_on_once)
{
    begin(">EPSV\n=epsv\n>RETR f\n=accept\n<150 here\n=block abcd\n<250 done\n"
          ">RETR f\n<125 still open\n=block efgh\n<250 done\n",
          USER_DTP_AUTO);
    struct user_dtp_order order = order_of("RETR", TEXT("f"));
    order.parameters.mode = MODE_BLOCK;
    assert_fault(user_dtp_transfer(dtp, &order), FAULT_NONE);
    assert_fault(user_dtp_transfer(dtp, &order), FAULT_NONE);
    assert_text(buffer_stream_text(&buffer), "abcdefgh");
    end();
}

TEST(a_connection_that_stayed_and_was_closed_is_made_anew)
{
    begin(">EPSV\n=epsv\n>RETR f\n=accept\n<150 here\n=block abcd\n=end\n<250 done\n"
          ">EPSV\n=epsv\n>RETR f\n=accept\n<150 here\n=block efgh\n<250 done\n",
          USER_DTP_AUTO);
    struct user_dtp_order order = order_of("RETR", TEXT("f"));
    order.parameters.mode = MODE_BLOCK;
    assert_fault(user_dtp_transfer(dtp, &order), FAULT_NONE);
    assert_fault(user_dtp_transfer(dtp, &order), FAULT_NONE);
    assert_text(buffer_stream_text(&buffer), "abcdefgh");
    end();
}

/* ---- Abort ---------------------------------------------------------------------------- */

/* Where the bytes of a fetch go, which is cancelled by the first of them. */
static enum fault write_and_cancel(struct stream *stream, const void *bytes, size_t len)
{
    (void)stream;
    (void)bytes;
    (void)len;
    user_dtp_cancel(dtp);
    return FAULT_NONE;
}

static enum fault fetch_and_cancel(void)
{
    static const struct stream_type type = {.write = write_and_cancel,
                                            .close = buffer_stream_close};
    struct stream stream = {.type = &type, .fd = -1};
    struct user_dtp_order order = order_of("RETR", TEXT("f"));
    order.stream = &stream;
    return user_dtp_transfer(dtp, &order);
}

TEST(a_transfer_that_is_cancelled_is_aborted_and_the_session_goes_on)
{
    static const char *const ends[] = {
        "<426 aborted\n<226 fine\n", /* RFC 959 4.1.3 */
        "<426 aborted\n<225 fine\n",
        "<226 aborted\n", /* servers that say one alone */
        "<426 aborted\n",
        "<226 done\n=wait 200\n<225 nothing to abort\n", /* it was at its end already */
        "<451 aborted\n=wait 200\n<226 fine\n",
    };
    for (size_t i = 0; i < COUNT(ends); i++) {
        char words[256];
        (void)snprintf(
            words, sizeof(words),
            ">EPSV\n=epsv\n>RETR f\n=accept\n<150 here\n=bytes data\n=abort\n%s=broken\n" IN_STEP
            ">EPSV\n=epsv\n>RETR f\n" DATA "<226 done\n",
            ends[i]);
        begin(words, USER_DTP_AUTO);
        assert_fault(fetch_and_cancel(), FAULT_CANCELLED);
        assert_in_step();
        assert_fault(fetch(), FAULT_NONE);
        assert_text(buffer_stream_text(&buffer), "data");
        end();
    }
}

/* What is sent, cancelled before its last byte. */
static enum fault read_and_cancel(struct stream *stream, void *bytes, size_t size, size_t *ret_len)
{
    size_t at = (size_t)stream->file_offset++;
    memset(bytes, 'x', size);
    *ret_len = at < 3 ? size : 0;
    if (at == 2)
        user_dtp_cancel(dtp);
    return FAULT_NONE;
}

TEST(an_upload_that_is_cancelled_has_no_end_that_a_server_could_take_for_the_files)
{
    static const struct stream_type type = {.read = read_and_cancel, .close = buffer_stream_close};
    struct stream stream = {.type = &type, .fd = -1};
    begin(">EPSV\n=epsv\n>STOR f\n=accept\n<150 go\n=broken reset\n<426 broken\n=abort\n"
          "<226 fine\n" IN_STEP,
          USER_DTP_AUTO);
    struct user_dtp_order order = order_of("STOR", TEXT("f"));
    order.direction = USER_DTP_SEND;
    order.stream = &stream;
    assert_fault(user_dtp_transfer(dtp, &order), FAULT_CANCELLED);
    assert_in_step();
    end();
}

TEST(who_waits_for_the_server_to_begin_can_be_cancelled)
{
    begin("=target\n>RETR f\n=abort\n<426 aborted\n<226 fine\n" IN_STEP, USER_DTP_ACTIVE);
    cancelled_at = "RETR f";
    assert_fault(fetch(), FAULT_CANCELLED);
    cancelled_at = NULL;
    assert_in_step();
    end();
}

TEST(who_waits_for_the_server_to_end_can_be_cancelled)
{
    begin(">EPSV\n=epsv\n>RETR f\n" DATA
          "<110 all is there\n=abort\n<226 done\n<225 fine\n" IN_STEP,
          USER_DTP_AUTO);
    cancelled_at = "110 all is there";
    assert_fault(fetch(), FAULT_CANCELLED);
    cancelled_at = NULL;
    assert_in_step();
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(a_data_connection_is_made_as_the_settings_say),
        RUN(what_a_server_does_not_know_is_not_asked_again),
        RUN(where_epsv_leads_nowhere_pasv_is_tried_and_then_a_port_of_ours),
        RUN(whatever_a_way_is_refused_with_the_next_one_is_tried),
        RUN(where_every_way_is_refused_there_is_no_data_connection),
        RUN(a_passive_way_that_failed_once_is_tried_again_when_nobody_can_come_to_us),
        RUN(a_refusal_that_is_of_the_login_is_not_of_the_way),
        RUN(replies_without_a_port_open_nothing),
        RUN(a_foreign_address_is_not_gone_to),
        RUN(a_foreign_address_is_gone_to_when_it_is_trusted),
        RUN(a_stranger_at_our_port_gets_nothing),
        RUN(a_server_that_never_comes_is_told_to_give_up),
        RUN(the_replies_may_come_in_any_order_with_the_data),
        RUN(a_refusal_is_told_and_costs_the_next_one_nothing),
        RUN(data_that_break_off_are_no_file_whatever_the_reply_says),
        RUN(a_listing_that_nothing_came_of_but_2xx_is_empty),
        RUN(a_listing_may_come_behind_its_2xx),
        RUN(nothing_but_2xx_is_no_file_and_a_listing_that_breaks_off_is_not_empty),
        RUN(what_is_sent_arrives_and_is_acknowledged),
        RUN(a_file_of_ours_that_fails_is_not_taken_for_whole_and_not_the_servers_fault),
        RUN(rest_and_rang_come_right_before_the_command),
        RUN(markers_of_a_110_are_told_and_others_are_not),
        RUN(in_mode_b_the_data_connection_stays_and_is_agreed_on_once),
        RUN(a_connection_that_stayed_and_was_closed_is_made_anew),
        RUN(a_transfer_that_is_cancelled_is_aborted_and_the_session_goes_on),
        RUN(an_upload_that_is_cancelled_has_no_end_that_a_server_could_take_for_the_files),
        RUN(who_waits_for_the_server_to_begin_can_be_cancelled),
        RUN(who_waits_for_the_server_to_end_can_be_cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
