/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ftp_login: somebody who logs in with servers that go by a script (ftp_script), for
 * tests of what is built upon a login. Include it once a program.
 */
#ifndef FERRY_TESTS_FTP_LOGIN_H
#define FERRY_TESTS_FTP_LOGIN_H

#include "client/remote.h"
#include "tests/unit/ftp_script.h"

/* What a server says to whom it knows, and that it has these features, each a line "< NAME\n". */
#define LOGIN_WITH(features)                                                                       \
    "<220 hello\n>FEAT\n<211-Features:\n" features                                                 \
    "<211 End\n>USER me\n<331 password\n>PASS secret\n<230 in\n"
#define LOGIN LOGIN_WITH("< SIZE\n")
#define QUIT ">QUIT\n<221 bye\n"

static struct ftp_script script;
static struct remote_settings settings;
static struct remote *remote;
static unsigned passwords; /* how often it was asked for */

static enum fault login_password(void *owner, char *buffer, size_t size)
{
    (void)owner;
    passwords++;
    (void)snprintf(buffer, size, "secret");
    return FAULT_NONE;
}

/* How "me" logs in where nobody says otherwise: without TLS, once. */
static void login_set(void)
{
    settings = (struct remote_settings){
        .host = "127.0.0.1",
        .user = "me",
        .tls = REMOTE_TLS_OFF,
        .on_password = login_password,
        .pi = {.connect_seconds = FTP_SCRIPT_PATIENCE_S, .reply_seconds = FTP_SCRIPT_PATIENCE_S},
        .dtp = {.host = "127.0.0.1",
                .connect_seconds = FTP_SCRIPT_PATIENCE_S,
                .stall_seconds = FTP_SCRIPT_PATIENCE_S},
        .tries = 1,
    };
    passwords = 0;
}

/* With `settings` as they are. */
static enum fault login_try(const char *const *connections, size_t count)
{
    settings.port = ftp_script_begin(&script, connections, count);
    return remote_open(&settings, &remote);
}

/* Logged in with a server that goes by `words`, which begin with LOGIN. */
static inline void login_begin(const char *words)
{
    static const char *connections[1];
    connections[0] = words;
    login_set();
    assert_fault(login_try(connections, 1), FAULT_NONE);
}

static void login_end(void)
{
    remote_close(remote);
    remote = NULL;
    ftp_script_end(&script);
}

#endif
