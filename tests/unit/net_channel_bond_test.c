/* SPDX-License-Identifier: Apache-2.0 */
/* Which TLS sessions a data connection may resume; net_channel_tls_test has the rest. */
#include "tests/unit/tls_site.h"

enum { MANY = 100 };

TEST(a_data_connection_resumes_its_control_connections_session)
{
    struct site site;
    for (enum keeping keeping = 0; keeping < KEEPINGS; keeping++) {
        open_site(&site, keeping);
        SSL_SESSION *first = SSL_SESSION_dup(site.client.session);
        for (int i = 0; i < MANY; i++) { /* the same one again and again, as some clients do */
            assert_fault(connect_data(&site, first, true), FAULT_NONE);
            assert_true(site.peer_shook && SSL_session_reused(site.peer));
            assert_fault(channel_write(&site.channel, "abc", 3), FAULT_NONE);
            assert_fault(channel_finish(&site.channel), FAULT_NONE);
            assert_peer_reads(&site, "abc");
            assert_peer_is_at_end(&site);
            close_data(&site);
        }
        SSL_SESSION_free(first);
        close_site(&site);
    }
}

TEST(a_client_that_uses_each_ticket_once_has_one_for_each_transfer)
{
    struct site site;
    open_site(&site, TICKET_1_3);
    for (int i = 0; i < MANY; i++) {
        SSL_SESSION *once = site.client.session;
        site.client.session = NULL;
        assert_non_null(once);
        assert_fault(connect_data(&site, once, true), FAULT_NONE);
        assert_fault(channel_write(&site.channel, "abc", 3), FAULT_NONE);
        assert_peer_reads(&site, "abc");
        assert_null(site.client.session); /* data connections give none */
        close_data(&site);
        SSL_SESSION_free(once);
        assert_true(tls_link_send_ticket(site.control->link));
        assert_text(ends_client_read(site.control), "");
    }
    close_site(&site);
}

TEST(a_session_of_another_control_connection_is_not_resumed)
{
    for (enum keeping keeping = 0; keeping < KEEPINGS; keeping++) {
        struct site site;
        open_site(&site, keeping);
        struct ends *victim = site.control; /* goes on */
        SSL_SESSION *stolen = SSL_SESSION_dup(site.client.session);
        open_control(&site);
        assert_fault(connect_data(&site, stolen, true), FAULT_TLS_NOT_RESUMED);
        close_data(&site);
        assert_fault(connect_data(&site, stolen, false), FAULT_NONE);
        assert_false(SSL_session_reused(site.peer));
        SSL_SESSION_free(stolen);
        ends_close(victim);
        close_site(&site);
    }
}

/* Else whoever is refused could come again with what that handshake gave. */
TEST(a_data_connections_own_session_is_good_for_nothing)
{
    for (enum keeping keeping = 0; keeping < KEEPINGS; keeping++) {
        struct site site;
        open_site(&site, keeping);
        assert_fault(connect_data(&site, NULL, true), FAULT_TLS_NOT_RESUMED);
        SSL_SESSION *own = SSL_get1_session(site.peer);
        close_data(&site);
        assert_int_equal(SSL_SESSION_has_ticket(own), 0);
        assert_fault(connect_data(&site, own, true), FAULT_TLS_NOT_RESUMED);
        SSL_SESSION_free(own);
        close_site(&site);
    }
}

TEST(a_session_outlives_data_connections_that_break)
{
    for (enum keeping keeping = 0; keeping < KEEPINGS; keeping++) {
        struct site site;
        open_site(&site, keeping);
        SSL_SESSION *session = SSL_SESSION_dup(site.client.session);
        for (int i = 0; i < 3; i++) {
            assert_fault(connect_data(&site, session, true), FAULT_NONE);
            assert_true(SSL_session_reused(site.peer));
            channel_reset(&site.channel);
            close_data(&site);
        }
        SSL_SESSION_free(session);
        close_site(&site);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(a_data_connection_resumes_its_control_connections_session),
        RUN(a_client_that_uses_each_ticket_once_has_one_for_each_transfer),
        RUN(a_session_of_another_control_connection_is_not_resumed),
        RUN(a_data_connections_own_session_is_good_for_nothing),
        RUN(a_session_outlives_data_connections_that_break),
    };
    site_block_sigpipe();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
