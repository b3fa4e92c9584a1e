/* SPDX-License-Identifier: Apache-2.0 */
/* Logging in, staying in and coming back, with servers that go by a script. */
#include "client/remote.h"
#include "client/remote_files.h"
#include "tests/unit/ftp_login.h"

/* ---- Login ---------------------------------------------------------------------------------- */

static enum fault give_account(void *owner, char *buffer, size_t size)
{
    (void)owner;
    (void)snprintf(buffer, size, "mine");
    return FAULT_NONE;
}

TEST(a_login_is_as_rfc_959_has_it)
{
    static const struct {
        const char *words;
        const char *account;
        enum fault fault;
        unsigned passwords;
        unsigned code;
    } cases[] = {
        {"<230 in\n" QUIT, NULL, FAULT_NONE, 0, 0},
        {"<331 password\n>PASS secret\n<230 in\n" QUIT, NULL, FAULT_NONE, 1, 0},
        {"<331 password\n>PASS secret\n<202 needless\n" QUIT, NULL, FAULT_NONE, 1, 0},
        {"<331 password\n>PASS secret\n<332 account\n>ACCT mine\n<230 in\n" QUIT, "mine",
         FAULT_NONE, 1, 0},
        {"<332 account\n>ACCT mine\n<230 in\n" QUIT, "mine", FAULT_NONE, 0, 0},
        {"<331 password\n>PASS secret\n<332 account\n", NULL, FAULT_ACCOUNT_NEEDED, 1, 332},
        {"<331 password\n>PASS secret\n<530 no\n", NULL, FAULT_LOGIN_REFUSED, 1, 530},
        {"<331 password\n>PASS secret\n<331 again\n", NULL, FAULT_LOGIN_REFUSED, 1, 331},
        {"<530 no\n", NULL, FAULT_LOGIN_REFUSED, 0, 530},
        {"<421 closing\n", NULL, FAULT_TOO_MANY, 0, 421},
        /* what is meant by it is 421 */
        {"<331 password\n>PASS secret\n<530 Too many users\n", NULL, FAULT_TOO_MANY, 1, 530},
        {"<530 Maximum of 2 connections\n", NULL, FAULT_TOO_MANY, 0, 530},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char words[512];
        const char *connections[] = {words};
        (void)snprintf(words, sizeof(words),
                       "<220 hello\n>FEAT\n<211-F\n< SIZE\n<211 End\n>USER me\n%s", cases[i].words);
        login_set();
        settings.on_account = cases[i].account ? give_account : NULL;
        assert_fault(login_try(connections, 1), cases[i].fault);
        assert_int_equal(passwords, cases[i].passwords);
        if (cases[i].fault)
            assert_int_equal(remote_code(remote), cases[i].code);
        login_end();
    }
}

TEST(a_257_without_a_path_is_told_as_what_it_is)
{
    static const char *const connections[] = {LOGIN ">PWD\n<257\n" QUIT};
    login_set();
    assert_fault(login_try(connections, 1), FAULT_NONE);
    assert_fault(remote_ask_directory(remote), FAULT_UNSUPPORTED);
    assert_text(remote_reason(remote), "the server does not say where we are");
    login_end();
}

TEST(a_greeting_may_be_late_or_a_refusal)
{
    static const struct {
        const char *words;
        enum fault fault;
        const char *reason;
    } cases[] = {
        {"<120 in a minute\n" LOGIN QUIT, FAULT_NONE, ""},
        {"<421 too many\n", FAULT_TOO_MANY, "too many"},
        {"<500 go away\n", FAULT_UNSUPPORTED, "go away"},
        {"<HTTP/1.1 400 Bad Request\n", FAULT_MALFORMED, "what the server says is no reply of FTP"},
        {"=close\n", FAULT_CONNECTION_LOST, "connection broken"},
        {"<500 \033[2J\033]0;gone\007\n", FAULT_UNSUPPORTED, "\\x1B[2J\\x1B]0;gone\\x07"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *connections[] = {cases[i].words};
        login_set();
        assert_fault(login_try(connections, 1), cases[i].fault);
        assert_text(remote_reason(remote), cases[i].reason);
        login_end();
    }
}

TEST(what_a_server_has_is_asked_for_once_or_behind_the_login)
{
    login_begin(LOGIN_WITH(
        "< MLST type*;size*;\n< REST STREAM\n") ">OPTS MLST type;size;modify;UNIX.mode;\n<200 "
                                                "fine\n" QUIT);
    assert_true(features_has(remote_features(remote), FEATURE_MLST));
    assert_false(features_has(remote_features(remote), FEATURE_HASH));
    login_end();
    login_begin("<220 hello\n>FEAT\n<530 log in\n>USER me\n<331 password\n>PASS secret\n<230 in\n"
                ">FEAT\n<211-F\n< MFMT\n<211 End\n" QUIT);
    assert_true(features_has(remote_features(remote), FEATURE_MFMT));
    login_end();
}

TEST(a_server_is_told_who_we_are_and_that_names_are_utf_8)
{
    login_begin(LOGIN_WITH(
        "< CLNT\n< CSID\n< UTF8\n") ">CLNT ferry *\n<200 fine\n"
                                    ">CSID Name=ferry; Version=*\n<200 Name=ferryd; Version=1;\n"
                                    ">OPTS UTF8 ON\n<504 always\n" QUIT);
    assert_true(remote_is_ferry(remote));
    login_end();
    login_begin(LOGIN_WITH("< CSID\n") ">CSID *\n<200 Name=other; Version=1;\n" QUIT);
    assert_false(remote_is_ferry(remote));
    login_end();
}

TEST(the_host_is_named_where_one_has_a_name)
{
    static const char *const connections[] = {"<220 hello\n>FEAT\n<211-F\n< HOST\n<211 End\n>HOST "
                                              "localhost\n<220 you\n>USER me\n<230 in\n" QUIT};
    login_set();
    settings.host = "localhost";
    settings.dtp.way.family = AF_INET;
    assert_fault(login_try(connections, 1), FAULT_NONE);
    login_end();
    login_begin(LOGIN_WITH("< HOST\n") QUIT); /* RFC 7151 3.2.2: an address is none */
    login_end();
}

/* ---- TLS ------------------------------------------------------------------------------ */

TEST(without_tls_who_requires_it_says_no_password)
{
    static const char *const refusals[] = {
        "<220 hello\n>AUTH TLS\n<500 what?\n>AUTH SSL\n<500 what?\n",
        "<220 hello\n>AUTH TLS\n<431 not now\n",
    };
    for (size_t i = 0; i < COUNT(refusals); i++) {
        const char *connections[] = {refusals[i]};
        login_set();
        settings.tls = REMOTE_TLS_REQUIRE;
        assert_fault(login_try(connections, 1), FAULT_TLS_FAILED);
        assert_int_equal(passwords, 0);
        login_end();
    }
}

TEST(where_tls_is_not_offered_who_asks_for_it_goes_on_without)
{
    static const char *const connections[] = {
        "<220 hello\n>AUTH TLS\n<502 what?\n>AUTH SSL\n<502 what?\n>FEAT\n<211-F\n< SIZE\n<211 "
        "End\n"
        ">USER me\n<331 password\n>PASS secret\n<230 in\n" QUIT};
    login_set();
    settings.tls = REMOTE_TLS_AUTO;
    assert_fault(login_try(connections, 1), FAULT_NONE);
    assert_int_equal(remote_protection(remote), PROTECTION_CLEAR);
    login_end();
}

TEST(tls_that_was_offered_and_fails_is_not_gone_on_without)
{
    static const char *const connections[] = {"<220 hello\n>AUTH TLS\n<234 go\n=close\n"};
    const struct tls_client_rules rules = {.ca = {"", 0}};
    char message[TLS_MESSAGE_SIZE];
    login_set();
    settings.tls = REMOTE_TLS_AUTO;
    assert_fault(tls_client_new(&rules, &settings.tls_client, message), FAULT_NONE);
    assert_fault(login_try(connections, 1), FAULT_CONNECTION_LOST);
    assert_int_equal(passwords, 0);
    login_end();
    tls_client_unref(settings.tls_client);
}

/* ---- Coming back ---------------------------------------------------------------------- */

TEST(a_new_connection_goes_to_where_the_old_one_was)
{
    static const char *const connections[] = {
        /* no PWD: what CWD was told is all that is known */
        LOGIN ">CWD a\n<250 fine\n>PWD\n<502 what?\n>CWD b c\n<250 fine\n>PWD\n<502 what?\n"
              "=close\n",
        LOGIN ">CWD a/b c\n<250 fine\n>CWD /top\n<250 fine\n>PWD\n<257 \"/real \"\"top\" is it\n"
              "=close\n",
        LOGIN ">CWD /real \"top\n<250 fine\n>CDUP\n<200 fine\n>PWD\n<257 \"/\"\n" QUIT,
    };
    login_set();
    assert_fault(login_try(connections, 3), FAULT_NONE);
    assert_text(remote_directory(remote), "");
    assert_fault(remote_change_directory(remote, TEXT("a")), FAULT_NONE);
    assert_fault(remote_change_directory(remote, TEXT("b c")), FAULT_NONE);
    assert_text(remote_directory(remote), "a/b c");
    assert_fault(remote_reopen(remote), FAULT_NONE);
    assert_fault(remote_change_directory(remote, TEXT("/top")), FAULT_NONE);
    assert_text(remote_directory(remote), "/real \"top");
    assert_fault(remote_reopen(remote), FAULT_NONE);
    assert_fault(remote_change_directory(remote, TEXT("..")), FAULT_NONE);
    assert_text(remote_directory(remote), "/");
    assert_int_equal(passwords, 3);
    login_end();
}

TEST(a_command_is_said_again_on_a_new_connection_where_that_does_no_harm)
{
    static const char *const connections[] = {
        LOGIN ">SIZE f\n=close\n",            /* heard, or not: nobody knows */
        LOGIN ">SIZE f\n<421 idle\n=close\n", /* the answer to nothing */
        LOGIN ">SIZE f\n<213 7\n>DELE f\n=close\n",
    };
    login_set();
    assert_fault(login_try(connections, 3), FAULT_NONE);
    assert_fault(remote_command(remote, "SIZE", TEXT("f"), true), FAULT_TOO_MANY);
    assert_fault(remote_command(remote, "SIZE", TEXT("f"), true), FAULT_NONE);
    assert_text(user_pi_text(remote_pi(remote)), "7");
    assert_fault(remote_command(remote, "DELE", TEXT("f"), false), FAULT_CONNECTION_LOST);
    login_end();
}

TEST(a_server_that_was_idle_and_said_421_is_found_again)
{
    static const char *const connections[] = {LOGIN "<421 idle\n=close\n",
                                              LOGIN ">SIZE f\n<213 7\n" QUIT};
    login_set();
    assert_fault(login_try(connections, 2), FAULT_NONE);
    assert_true(user_pi_has_news(remote_pi(remote), FTP_SCRIPT_PATIENCE_S * 1000));
    assert_fault(remote_command(remote, "SIZE", TEXT("f"), true), FAULT_NONE);
    login_end();
}

TEST(a_command_that_a_server_answers_with_426_is_not_said_again)
{
    login_begin(LOGIN ">SIZE f\n<426 broken\n" QUIT);
    assert_fault(remote_command(remote, "SIZE", TEXT("f"), true), FAULT_CONNECTION_LOST);
    assert_int_equal(remote_code(remote), 426);
    login_end();
}

TEST(a_connection_that_goes_after_a_426_is_made_anew)
{
    static const char *const connections[] = {LOGIN ">SIZE f\n<426 broken\n=close\n",
                                              LOGIN ">SIZE f\n<213 7\n" QUIT};
    login_set();
    assert_fault(login_try(connections, 2), FAULT_NONE);
    assert_fault(remote_command(remote, "SIZE", TEXT("f"), true), FAULT_CONNECTION_LOST);
    assert_fault(remote_command(remote, "SIZE", TEXT("f"), true), FAULT_NONE);
    login_end();
}

TEST(a_server_that_is_full_is_tried_again_and_one_that_says_no_is_not)
{
    static const char *const full[] = {"<421 full\n", "<421 full\n", LOGIN QUIT};
    static const char *const wrong[] = {
        "<220 hello\n>FEAT\n<502 what?\n>USER me\n<331 password\n>PASS secret\n<530 wrong\n"};
    login_set();
    settings.tries = 3;
    assert_fault(login_try(full, 3), FAULT_NONE);
    login_end();
    login_set();
    settings.tries = 3;
    assert_fault(login_try(wrong, 1), FAULT_LOGIN_REFUSED);
    assert_int_equal(passwords, 1);
    login_end();
}

TEST(a_server_that_was_never_there_is_not_waited_for)
{
    union endpoint local = peers_host("127.0.0.1", 0);
    int listener = socket_listen(&local, 1);
    local = socket_local(listener);
    close(listener);
    login_set();
    settings.port = endpoint_port(&local);
    settings.tries = 1000;
    settings.pause_seconds = settings.pause_max_seconds = 60;
    assert_fault(remote_open(&settings, &remote), FAULT_CONNECTION_LOST);
    assert_text(remote_reason(remote), "cannot be reached");
    remote_close(remote);
}

TEST(a_server_that_cannot_be_found_again_is_lost_whatever_is_asked)
{
    struct entries entries = {0};
    struct entry entry;
    enum digest_kind kind;
    char hex[DIGEST_HEX_SIZE];
    struct parameters image = PARAMETERS_DEFAULT;
    image.type = TYPE_IMAGE;
    login_begin(LOGIN "=close\n");
    pthread_join(script.thread, NULL); /* and nobody listens any more */
    assert_fault(remote_reopen(remote), FAULT_CONNECTION_LOST);
    assert_fault(remote_command(remote, "NOOP", TEXT_NONE, false), FAULT_CONNECTION_LOST);
    assert_fault(remote_command(remote, "NOOP", TEXT_NONE, true), FAULT_CONNECTION_LOST);
    assert_fault(remote_set_parameters(remote, &image), FAULT_CONNECTION_LOST);
    assert_fault(remote_change_directory(remote, TEXT("a")), FAULT_CONNECTION_LOST);
    assert_fault(remote_list(remote, "a", &entries), FAULT_CONNECTION_LOST);
    assert_fault(remote_list(remote, "a b", &entries), FAULT_CONNECTION_LOST);
    assert_fault(remote_look(remote, "a", &entry), FAULT_CONNECTION_LOST);
    assert_fault(remote_make_path(remote, "a/b"), FAULT_CONNECTION_LOST);
    assert_fault(remote_remove_directory(remote, "a"), FAULT_CONNECTION_LOST);
    assert_fault(remote_rename(remote, "a", "b"), FAULT_CONNECTION_LOST);
    assert_fault(remote_digest(remote, "a", &kind, hex), FAULT_CONNECTION_LOST);
    assert_text(remote_reason(remote), "cannot be reached");
    remote_close(remote);
    assert_string_equal(script.complaint, "");
}

/* ---- Parameters ----------------------------------------------------------------------- */

TEST(what_a_server_was_told_already_is_not_told_again)
{
    struct parameters parameters = PARAMETERS_DEFAULT;
    login_begin(LOGIN
                ">TYPE I\n<200 fine\n>MODE B\n<200 fine\n>STRU R\n<200 fine\n>MODE S\n<200 "
                "fine\n>TYPE E T\n<504 no\n>TYPE E T\n<200 fine\n>TYPE L 36\n<200 fine\n" QUIT);
    assert_fault(remote_set_parameters(remote, &parameters), FAULT_NONE); /* RFC 959 5.1 */
    parameters.type = TYPE_IMAGE;
    parameters.mode = MODE_BLOCK;
    assert_fault(remote_set_parameters(remote, &parameters), FAULT_NONE);
    assert_fault(remote_set_parameters(remote, &parameters), FAULT_NONE);
    parameters.structure = STRUCTURE_RECORD;
    parameters.mode = MODE_STREAM;
    assert_fault(remote_set_parameters(remote, &parameters), FAULT_NONE);
    parameters.type = TYPE_EBCDIC;
    parameters.form = FORM_TELNET;
    assert_fault(remote_set_parameters(remote, &parameters), FAULT_UNSUPPORTED);
    assert_fault(remote_set_parameters(remote, &parameters), FAULT_NONE);
    parameters.type = TYPE_LOCAL;
    parameters.byte_size = 36;
    assert_fault(remote_set_parameters(remote, &parameters), FAULT_NONE);
    login_end();
}

TEST(a_new_connection_is_told_all_parameters_again)
{
    static const char *const connections[] = {LOGIN ">TYPE I\n<200 fine\n=close\n",
                                              LOGIN ">TYPE I\n<200 fine\n" QUIT};
    struct parameters image = PARAMETERS_DEFAULT;
    image.type = TYPE_IMAGE;
    login_set();
    assert_fault(login_try(connections, 2), FAULT_NONE);
    assert_fault(remote_set_parameters(remote, &image), FAULT_NONE);
    assert_fault(remote_reopen(remote), FAULT_NONE);
    assert_fault(remote_set_parameters(remote, &image), FAULT_NONE);
    login_end();
}

TEST(what_somebody_else_told_is_not_told_to_a_new_connection)
{
    static const char *const connections[] = {
        LOGIN ">TYPE I\n<200 fine\n>MODE B\n<200 fine\n=close\n",
        LOGIN ">TYPE I\n<200 fine\n>NOOP\n<200 fine\n>TYPE I\n<200 fine\n"
              ">STRU F\n<200 fine\n>MODE S\n<200 fine\n" QUIT};
    struct parameters image = PARAMETERS_DEFAULT;
    image.type = TYPE_IMAGE;
    login_set();
    assert_fault(login_try(connections, 2), FAULT_NONE);
    assert_fault(remote_set_parameters(remote, &image), FAULT_NONE);
    assert_fault(remote_command(remote, "MODE", TEXT("B"), false), FAULT_NONE);
    remote_forget_parameters(remote);
    assert_fault(remote_command(remote, "NOOP", TEXT_NONE, true), FAULT_NONE);
    remote_forget_parameters(remote);
    assert_fault(remote_set_parameters(remote, &image), FAULT_NONE);
    assert_fault(remote_set_parameters(remote, &image), FAULT_NONE);
    login_end();
}

TEST(the_system_is_asked_for_once)
{
    login_begin(LOGIN ">SYST\n<215 UNIX Type: L8\n" QUIT);
    assert_text(remote_system(remote), "UNIX Type: L8");
    assert_text(remote_system(remote), "UNIX Type: L8");
    login_end();
    login_begin(LOGIN ">SYST\n<502 what?\n" QUIT);
    assert_text(remote_system(remote), "");
    assert_text(remote_system(remote), "");
    login_end();
}

/* ---- Interrupting --------------------------------------------------------------------- */

static void *stop(void *nothing)
{
    (void)nothing;
    remote_stop(remote);
    return NULL;
}

TEST(who_is_stopped_does_nothing_any_more)
{
    pthread_t thread;
    struct user_dtp_order order = {.verb = "RETR", .parameters = PARAMETERS_DEFAULT};
    login_begin(LOGIN ">NOOP\n");
    assert_int_equal(pthread_create(&thread, NULL, stop, NULL), 0);
    enum fault f = remote_command(remote, "NOOP", TEXT_NONE, true);
    assert_true(f == FAULT_CANCELLED || f == FAULT_CONNECTION_LOST);
    pthread_join(thread, NULL);
    assert_fault(remote_transfer(remote, &order), FAULT_CANCELLED);
    assert_fault(remote_reopen(remote), FAULT_CANCELLED);
    remote_close(remote);
    pthread_join(script.thread, NULL); /* it may or may not have heard the NOOP */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(a_login_is_as_rfc_959_has_it),
        RUN(a_257_without_a_path_is_told_as_what_it_is),
        RUN(a_greeting_may_be_late_or_a_refusal),
        RUN(what_a_server_has_is_asked_for_once_or_behind_the_login),
        RUN(a_server_is_told_who_we_are_and_that_names_are_utf_8),
        RUN(the_host_is_named_where_one_has_a_name),
        RUN(without_tls_who_requires_it_says_no_password),
        RUN(where_tls_is_not_offered_who_asks_for_it_goes_on_without),
        RUN(tls_that_was_offered_and_fails_is_not_gone_on_without),
        RUN(a_new_connection_goes_to_where_the_old_one_was),
        RUN(a_command_is_said_again_on_a_new_connection_where_that_does_no_harm),
        RUN(a_server_that_was_idle_and_said_421_is_found_again),
        RUN(a_command_that_a_server_answers_with_426_is_not_said_again),
        RUN(a_connection_that_goes_after_a_426_is_made_anew),
        RUN(a_server_that_is_full_is_tried_again_and_one_that_says_no_is_not),
        RUN(a_server_that_was_never_there_is_not_waited_for),
        RUN(a_server_that_cannot_be_found_again_is_lost_whatever_is_asked),
        RUN(what_a_server_was_told_already_is_not_told_again),
        RUN(a_new_connection_is_told_all_parameters_again),
        RUN(what_somebody_else_told_is_not_told_to_a_new_connection),
        RUN(the_system_is_asked_for_once),
        RUN(who_is_stopped_does_nothing_any_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
