/* SPDX-License-Identifier: Apache-2.0 */
/* The user's end of transfers, with servers that go by a script. */
#include "tests/unit/ftp_transfers.h"

static bool is_alleged;
static char markers[256];

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
