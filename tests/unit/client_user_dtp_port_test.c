/* SPDX-License-Identifier: Apache-2.0 */
/* How a data connection comes about, with servers that go by a script. */
#include "tests/unit/ftp_transfers.h"

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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
