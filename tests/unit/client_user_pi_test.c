/* SPDX-License-Identifier: Apache-2.0 */
/* The user's protocol interpreter, with servers that go by a script. */
#include "client/user_pi.h"
#include "tests/unit/ftp_script.h"

static struct ftp_script script;
static struct user_pi *pi;

/* The dialogue as it is told. */
static char dialogue[4096];

static void on_line(void *owner, enum user_pi_sign sign, struct text line)
{
    char *told = owner;
    size_t len = strlen(told);
    (void)snprintf(told + len, sizeof(dialogue) - len, "%c%.*s\n", sign == USER_PI_SENT ? '>' : '<',
                   TEXT_ARGS(line));
}

/* Connected with a server that goes by `words`. */
static void begin_within(const char *words, unsigned reply_seconds)
{
    static const char *connections[1];
    static struct user_pi_settings settings;
    int fd = -1;
    settings = (struct user_pi_settings){.connect_seconds = FTP_SCRIPT_PATIENCE_S,
                                         .reply_seconds = reply_seconds,
                                         .on_line = on_line,
                                         .owner = dialogue};
    connections[0] = words;
    dialogue[0] = '\0';
    union endpoint local = peers_host("127.0.0.1", 0);
    union endpoint target = peers_host("127.0.0.1", ftp_script_begin(&script, connections, 1));
    assert_fault(socket_connect_within(&local, &target,
                                       (struct patience){FTP_SCRIPT_PATIENCE_S * 1000, NULL}, &fd),
                 FAULT_NONE);
    assert_fault(user_pi_open(&settings, fd, &pi), FAULT_NONE);
}

static void begin(const char *words)
{
    begin_within(words, FTP_SCRIPT_PATIENCE_S);
}

static void end(void)
{
    user_pi_close(pi);
    pi = NULL;
    ftp_script_end(&script);
}

/* ---- Replies ------------------------------------------------------------------------------ */

TEST(a_reply_has_a_code_a_last_line_and_all_lines)
{
    static const struct {
        const char *words;
        unsigned code;
        const char *text;
        const char *lines;
    } cases[] = {
        {"<220 hello\n", 220, "hello", "hello"},
        {"<220\n", 220, "", ""},
        {"<220-hello\n<220 there\n", 220, "there", "hello\nthere"},
        {"<220-hello\n< 500 inside\n<220-more\n<220 there\n", 220, "there",
         "hello\n 500 inside\n220-more\nthere"},
        {"<211-Features:\n< MLST type*;\n<211 End\n", 211, "End", "Features:\n MLST type*;\nEnd"},
        /* another code inside is text (RFC 959 4.2) */
        {"<220-hello\n<500 inside\n<220 there\n", 220, "there", "hello\n500 inside\nthere"},
        {"=say 220 in \n=say pieces\n<\n", 220, "in pieces", "in pieces"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        begin(cases[i].words);
        assert_fault(user_pi_reply(pi), FAULT_NONE);
        assert_int_equal(user_pi_code(pi), cases[i].code);
        assert_text(user_pi_text(pi), cases[i].text);
        assert_text(user_pi_lines(pi), cases[i].lines);
        end();
    }
}

TEST(what_is_no_reply_is_malformed)
{
    static const char *const cases[] = {"<hello\n", "<22 hello\n", "<SSH-2.0-OpenSSH\n",
                                        "<099 hello\n"};
    for (size_t i = 0; i < COUNT(cases); i++) {
        begin(cases[i]);
        assert_fault(user_pi_reply(pi), FAULT_MALFORMED);
        end();
    }
}

TEST(what_comes_between_replies_is_neither_an_answer_nor_waited_for)
{
    begin("<\n<220 hello\n<\n< and the rest of it\n=wait 100\n>NOOP\n<\n<200 fine\n");
    assert_fault(user_pi_reply(pi), FAULT_NONE);
    assert_int_equal(user_pi_code(pi), 220);
    assert_fault(user_pi_command(pi, "NOOP", TEXT_NONE), FAULT_NONE);
    assert_int_equal(user_pi_code(pi), 200);
    assert_text(user_pi_lines(pi), "fine");
    end();
}

TEST(a_reply_whose_last_line_is_none_ends_in_silence)
{
    begin("<211-Features\n<211-END\n< SIZE\n<200 End\n>NOOP\n<200 fine\n");
    assert_fault(user_pi_reply(pi), FAULT_NONE);
    assert_int_equal(user_pi_code(pi), 211);
    assert_text(user_pi_lines(pi), "Features\n211-END\n SIZE\n200 End");
    assert_fault(user_pi_command(pi, "NOOP", TEXT_NONE), FAULT_NONE);
    assert_int_equal(user_pi_code(pi), 200);
    end();
}

TEST(a_line_that_is_too_long_is_cut_and_the_next_reply_heard)
{
    begin("=long 20000 220 hello\n<200 next\n");
    assert_fault(user_pi_reply(pi), FAULT_NONE);
    assert_int_equal(user_pi_code(pi), 220);
    assert_true(text_starts_with(user_pi_text(pi), TEXT("helloxxx")));
    assert_true(user_pi_text(pi).len < 20000);
    assert_fault(user_pi_reply(pi), FAULT_NONE);
    assert_text(user_pi_text(pi), "next");
    end();
}

TEST(a_reply_that_is_too_large_is_heard_to_its_end)
{
    begin("<220-hello\n=repeat 9000 " /* 9000 lines of 63 bytes are more than are kept */
          " 23456789012345678901234567890123456789012345678901234567890123\n<220 end\n<200 next\n");
    assert_fault(user_pi_reply(pi), FAULT_NONE);
    assert_int_equal(user_pi_code(pi), 220);
    assert_true(user_pi_lines(pi).len <= USER_PI_REPLY_BYTES);
    assert_true(user_pi_lines(pi).len > USER_PI_REPLY_BYTES / 2);
    assert_fault(user_pi_reply(pi), FAULT_NONE);
    assert_text(user_pi_lines(pi), "next");
    end();
}

TEST(a_reply_that_does_not_end_is_given_up)
{
    begin("<220-hello\n=repeat 20000  more\n=close\n");
    assert_fault(user_pi_reply(pi), FAULT_MALFORMED);
    end();
}

TEST(promises_without_end_are_given_up)
{
    begin("=repeat 20000 120 soon\n=close\n");
    assert_fault(user_pi_final_reply(pi), FAULT_MALFORMED);
    end();
}

TEST(a_preliminary_reply_is_no_final_one)
{
    begin("<120 soon\n<120 sooner\n<220 hello\n");
    assert_fault(user_pi_final_reply(pi), FAULT_NONE);
    assert_text(user_pi_text(pi), "hello");
    end();
}

TEST(a_server_that_says_nothing_is_given_up)
{
    begin_within("=say 220 hel\n", 1);
    assert_fault(user_pi_reply(pi), FAULT_TIMED_OUT);
    end();
}

TEST(a_server_that_hangs_up_is_lost)
{
    static const char *const cases[] = {"=close\n", "=say 220 hel\n=close\n",
                                        "<220-hello\n=close\n"};
    for (size_t i = 0; i < COUNT(cases); i++) {
        begin(cases[i]);
        assert_fault(user_pi_reply(pi), FAULT_CONNECTION_LOST);
        end();
    }
}

TEST(an_option_of_telnets_is_refused_and_not_a_part_of_the_reply)
{
    /* RFC 854: IAC DO 1 is answered with IAC WONT 1 */
    begin("=say 220 \377\375\001hello\n<\n=hears \377\374\001\n>NOOP\n<200 fine\n");
    assert_fault(user_pi_reply(pi), FAULT_NONE);
    assert_text(user_pi_text(pi), "hello");
    assert_fault(user_pi_command(pi, "NOOP", TEXT_NONE), FAULT_NONE);
    end();
}

/* ---- Commands ----------------------------------------------------------------------------- */

TEST(commands_are_sent_as_they_are)
{
    begin(">NOOP\n<200 a\n>CWD \n<200 b\n>CWD a b \n<200 c\n>CWD \377\377\n<200 d\n");
    assert_fault(user_pi_command(pi, "NOOP", TEXT_NONE), FAULT_NONE);
    assert_fault(user_pi_command(pi, "CWD", TEXT("")), FAULT_NONE);
    assert_fault(user_pi_command(pi, "CWD", TEXT("a b ")), FAULT_NONE);
    assert_fault(user_pi_command(pi, "CWD", TEXT("\377")), FAULT_NONE); /* RFC 854: doubled */
    assert_text(user_pi_text(pi), "d");
    end();
}

TEST(an_argument_that_would_be_another_command_is_not_sent)
{
    static char long_name[64 * 1024];
    const struct text cases[] = {
        TEXT("a\r\nDELE b"), TEXT("a\nb"), TEXT("a\rb"),
        TEXT("\n"),          TEXT("a\0b"), {long_name, sizeof(long_name)},
    };
    memset(long_name, 'n', sizeof(long_name));
    begin(">NOOP\n<200 fine\n");
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_fault(user_pi_command(pi, "CWD", cases[i]), FAULT_NAME_INVALID);
        assert_int_equal(user_pi_code(pi), 0);
    }
    assert_fault(user_pi_command(pi, "NOOP", TEXT_NONE), FAULT_NONE);
    end();
}

TEST(secrets_are_sent_and_not_told)
{
    begin(">PASS secret\n<332 more\n>ACCT hidden\n<230-in\n<230 now\n");
    assert_fault(user_pi_command(pi, "PASS", TEXT("secret")), FAULT_NONE);
    assert_fault(user_pi_command(pi, "ACCT", TEXT("hidden")), FAULT_NONE);
    assert_string_equal(dialogue, ">PASS ****\n<332 more\n>ACCT ****\n<230-in\n<230 now\n");
    end();
    begin(">pass secret\n<530 no\n>site pswd old secret\n<200 ok\n");
    assert_fault(user_pi_command(pi, "pass", TEXT("secret")), FAULT_NONE);
    assert_fault(user_pi_command(pi, "site", TEXT("pswd old secret")), FAULT_NONE);
    assert_string_equal(dialogue, ">pass ****\n<530 no\n>site pswd ****\n<200 ok\n");
    end();
}

TEST(a_reply_that_nobody_asked_for_is_not_the_answer)
{
    begin("=say 226-late\r%226 later\r%226 still\r%\n>NOOP\n<200 fine\n");
    assert_true(user_pi_has_news(pi, FTP_SCRIPT_PATIENCE_S * 1000));
    assert_fault(user_pi_command(pi, "NOOP", TEXT_NONE), FAULT_NONE);
    assert_int_equal(user_pi_code(pi), 200);
    end();
}

TEST(a_421_that_waits_is_the_end_of_the_connection)
{
    begin("<421 idle for too long\n");
    assert_true(user_pi_has_news(pi, FTP_SCRIPT_PATIENCE_S * 1000));
    assert_fault(user_pi_command(pi, "NOOP", TEXT_NONE), FAULT_CONNECTION_LOST);
    assert_int_equal(user_pi_code(pi), 421);
    assert_text(user_pi_text(pi), "idle for too long");
    end();
}

TEST(a_server_that_went_while_we_were_silent_is_lost)
{
    begin("=close\n");
    assert_true(user_pi_has_news(pi, FTP_SCRIPT_PATIENCE_S * 1000));
    assert_fault(user_pi_command(pi, "NOOP", TEXT_NONE), FAULT_CONNECTION_LOST);
    assert_int_equal(user_pi_code(pi), 0);
    end();
}

TEST(the_code_of_a_reply_does_not_outlive_the_connection)
{
    static const char *const ends[] = {"=close\n", "<226-late\n=close\n", "<226 late\n=close\n"};
    for (size_t i = 0; i < COUNT(ends); i++) {
        char words[128];
        (void)snprintf(words, sizeof(words), ">NOOP\n<426 broken\n%s", ends[i]);
        begin(words);
        assert_fault(user_pi_command(pi, "NOOP", TEXT_NONE), FAULT_NONE);
        assert_int_equal(user_pi_code(pi), 426);
        pthread_join(script.thread, NULL);
        assert_fault(user_pi_command(pi, "NOOP", TEXT_NONE), FAULT_CONNECTION_LOST);
        assert_int_equal(user_pi_code(pi), 0);
        user_pi_close(pi);
        assert_string_equal(script.complaint, "");
    }
}

TEST(a_command_behind_another_is_sent_before_the_first_is_answered)
{
    begin(">PASV\n>NOOP\n<227 one\n<200 two\n");
    assert_fault(user_pi_send(pi, "PASV", TEXT_NONE), FAULT_NONE);
    assert_fault(user_pi_send_behind(pi, "NOOP", TEXT_NONE), FAULT_NONE);
    assert_fault(user_pi_reply(pi), FAULT_NONE);
    assert_text(user_pi_text(pi), "one");
    assert_fault(user_pi_reply(pi), FAULT_NONE);
    assert_text(user_pi_text(pi), "two");
    end();
}

TEST(abor_comes_behind_interrupt_process_and_synch)
{
    begin("=abort\n<426 aborted\n<226 fine\n>NOOP\n<200 fine\n");
    assert_fault(user_pi_send_abort(pi), FAULT_NONE);
    assert_fault(user_pi_reply(pi), FAULT_NONE);
    assert_int_equal(user_pi_code(pi), 426);
    assert_fault(user_pi_reply(pi), FAULT_NONE);
    assert_fault(user_pi_command(pi, "NOOP", TEXT_NONE), FAULT_NONE);
    assert_string_equal(dialogue, ">ABOR\n<426 aborted\n<226 fine\n>NOOP\n<200 fine\n");
    end();
}

/* ---- Others ------------------------------------------------------------------------------- */

TEST(codes_mean_faults)
{
    static const struct {
        const char *reply;
        enum fault fault;
    } cases[] = {
        {"<200 x\n", FAULT_NONE},
        {"<226 x\n", FAULT_NONE},
        {"<332 x\n", FAULT_ACCOUNT_NEEDED},
        {"<532 x\n", FAULT_ACCOUNT_NEEDED},
        {"<421 x\n", FAULT_TOO_MANY},
        {"<425 x\n", FAULT_NO_DATA_CONNECTION},
        {"<426 x\n", FAULT_CONNECTION_LOST},
        {"<450 x\n", FAULT_BUSY},
        {"<451 x\n", FAULT_BUSY},
        {"<452 x\n", FAULT_NO_SPACE},
        {"<552 x\n", FAULT_NO_SPACE},
        {"<500 x\n", FAULT_UNSUPPORTED},
        {"<501 x\n", FAULT_UNSUPPORTED},
        {"<502 x\n", FAULT_UNSUPPORTED},
        {"<504 x\n", FAULT_UNSUPPORTED},
        {"<530 x\n", FAULT_LOGIN_REFUSED},
        {"<331 x\n", FAULT_LOGIN_REFUSED},
        {"<550 x\n", FAULT_NOT_FOUND},
        {"<553 x\n", FAULT_NAME_INVALID},
        {"<554 x\n", FAULT_OUT_OF_RANGE},
        {"<533 x\n", FAULT_DENIED},
        {"<499 x\n", FAULT_BUSY},
        {"<350 x\n", FAULT_UNSUPPORTED},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        begin(cases[i].reply);
        assert_fault(user_pi_reply(pi), FAULT_NONE);
        assert_fault(user_pi_fault(pi), cases[i].fault);
        user_pi_blame_nobody(pi);
        assert_int_equal(user_pi_code(pi), 0);
        end();
    }
}

TEST(what_was_said_in_the_clear_before_tls_is_forgotten)
{
    /* in one piece, as who puts it there sends it (CVE-2011-0411 and its kind) */
    begin("=say 234 go\r%230 in already\r%\n>NOOP\n<200 fine\n");
    assert_fault(user_pi_reply(pi), FAULT_NONE);
    assert_true(user_pi_has_news(pi, 0));
    user_pi_forget(pi);
    assert_false(user_pi_has_news(pi, 0));
    assert_fault(user_pi_command(pi, "NOOP", TEXT_NONE), FAULT_NONE);
    assert_text(user_pi_text(pi), "fine");
    end();
}

static void *interrupt(void *nothing)
{
    (void)nothing;
    user_pi_interrupt(pi);
    return NULL;
}

TEST(who_waits_can_be_interrupted)
{
    pthread_t thread;
    begin("");
    assert_int_equal(pthread_create(&thread, NULL, interrupt, NULL), 0);
    assert_fault(user_pi_reply(pi), FAULT_CANCELLED);
    pthread_join(thread, NULL);
    assert_fault(user_pi_reply(pi), FAULT_CANCELLED);
    end();
}

static void *hurry(void *nothing)
{
    (void)nothing;
    user_pi_hurry(pi);
    return NULL;
}

TEST(who_is_in_a_hurry_waits_a_little_and_never_takes_a_late_reply_for_the_next)
{
    pthread_t thread;
    begin(">PWD\n>NOOP\n<200 fine\n");
    user_pi_hurry(pi); /* before it was asked: of no consequence */
    assert_fault(user_pi_send(pi, "PWD", TEXT_NONE), FAULT_NONE);
    assert_fault(user_pi_send_behind(pi, "NOOP", TEXT_NONE), FAULT_NONE);
    assert_int_equal(pthread_create(&thread, NULL, hurry, NULL), 0);
    pthread_join(thread, NULL);
    assert_fault(user_pi_reply(pi), FAULT_NONE); /* it came in time */
    assert_fault(user_pi_reply(pi), FAULT_CANCELLED);
    assert_true(user_pi_is_out_of_step(pi));
    assert_fault(user_pi_command(pi, "NOOP", TEXT_NONE), FAULT_CONNECTION_LOST);
    assert_fault(user_pi_hear_unasked(pi), FAULT_CONNECTION_LOST);
    end();
}

TEST(a_wait_for_a_reply_can_be_cancelled_and_nothing_is_lost)
{
    atomic_bool cancelled;
    atomic_init(&cancelled, true);
    begin(">NOOP\n=wait 300\n<200 fine\n");
    assert_fault(user_pi_send(pi, "NOOP", TEXT_NONE), FAULT_NONE);
    assert_fault(user_pi_await(pi, &cancelled), FAULT_CANCELLED);
    atomic_store(&cancelled, false);
    assert_fault(user_pi_await(pi, &cancelled), FAULT_NONE);
    assert_fault(user_pi_reply(pi), FAULT_NONE);
    assert_text(user_pi_text(pi), "fine");
    end();
}

TEST(a_server_that_is_deaf_to_abor_is_given_up)
{
    begin("=abort\n");
    assert_fault(user_pi_send_abort(pi), FAULT_NONE);
    user_pi_hear_abort(pi, NULL, NULL);
    assert_true(user_pi_is_out_of_step(pi));
    assert_fault(user_pi_send_abort(pi), FAULT_CONNECTION_LOST);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(a_reply_has_a_code_a_last_line_and_all_lines),
        RUN(what_is_no_reply_is_malformed),
        RUN(what_comes_between_replies_is_neither_an_answer_nor_waited_for),
        RUN(a_reply_whose_last_line_is_none_ends_in_silence),
        RUN(a_line_that_is_too_long_is_cut_and_the_next_reply_heard),
        RUN(a_reply_that_is_too_large_is_heard_to_its_end),
        RUN(a_reply_that_does_not_end_is_given_up),
        RUN(promises_without_end_are_given_up),
        RUN(a_preliminary_reply_is_no_final_one),
        RUN(a_server_that_says_nothing_is_given_up),
        RUN(a_server_that_hangs_up_is_lost),
        RUN(an_option_of_telnets_is_refused_and_not_a_part_of_the_reply),
        RUN(commands_are_sent_as_they_are),
        RUN(an_argument_that_would_be_another_command_is_not_sent),
        RUN(secrets_are_sent_and_not_told),
        RUN(a_reply_that_nobody_asked_for_is_not_the_answer),
        RUN(a_421_that_waits_is_the_end_of_the_connection),
        RUN(a_server_that_went_while_we_were_silent_is_lost),
        RUN(the_code_of_a_reply_does_not_outlive_the_connection),
        RUN(a_command_behind_another_is_sent_before_the_first_is_answered),
        RUN(abor_comes_behind_interrupt_process_and_synch),
        RUN(codes_mean_faults),
        RUN(what_was_said_in_the_clear_before_tls_is_forgotten),
        RUN(who_waits_can_be_interrupted),
        RUN(who_is_in_a_hurry_waits_a_little_and_never_takes_a_late_reply_for_the_next),
        RUN(a_wait_for_a_reply_can_be_cancelled_and_nothing_is_lost),
        RUN(a_server_that_is_deaf_to_abor_is_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
