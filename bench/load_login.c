/* SPDX-License-Identifier: Apache-2.0 */
#include "load_login.h"

#include "load_loop.h"

static void ask_with(struct session *s, const char *verb, const char *argument,
                     void (*on_reply)(struct session *s, int code, struct text line))
{
    char line[LINE_MAX_BYTES];
    struct builder b = builder_on(line, sizeof(line));
    builder_put_string(&b, verb);
    builder_put_string(&b, argument);
    builder_put(&b, TEXT("\r\n"));
    session_ask(s, builder_text(&b), on_reply);
}

static void done(struct session *s)
{
    s->tries = 0;
    if (!s->step)
        s->loop->on_free(s);
    else if (s->step->operation == OPERATION_LOGIN)
        login_leave(s);
    else
        loop_end_operation(s);
}

static void on_type(struct session *s, int code, struct text line)
{
    if (code == 200)
        done(s);
    else
        session_fail(s, "TYPE I", line);
}

static void on_prot(struct session *s, int code, struct text line)
{
    if (code == 200)
        session_ask(s, TEXT("TYPE I\r\n"), on_type);
    else
        session_fail(s, "PROT P", line);
}

static void on_pbsz(struct session *s, int code, struct text line)
{
    if (code == 200)
        session_ask(s, TEXT("PROT P\r\n"), on_prot);
    else
        session_fail(s, "PBSZ 0", line);
}

static void on_pass(struct session *s, int code, struct text line)
{
    if (code != 230)
        session_fail(s, "login", line);
    else if (s->step && s->step->operation == OPERATION_LOGIN)
        done(s);
    else if (s->control.tls)
        session_ask(s, TEXT("PBSZ 0\r\n"), on_pbsz);
    else
        session_ask(s, TEXT("TYPE I\r\n"), on_type);
}

static void on_user(struct session *s, int code, struct text line)
{
    if (code == 331)
        ask_with(s, "PASS ", s->loop->options->password, on_pass);
    else
        on_pass(s, code, line);
}

void login_on_secured(struct session *s)
{
    ask_with(s, "USER ", s->loop->options->user, on_user);
}

static void on_auth(struct session *s, int code, struct text line)
{
    if (code == 234)
        session_secure(s);
    else
        session_fail(s, "AUTH TLS", line);
}

static void on_greeting(struct session *s, int code, struct text line)
{
    if (code == 120)
        return; /* RFC 959 5.4: 220 comes behind it */
    if (code != 220)
        session_fail(s, "greeting", line);
    else if (s->step && s->step->operation == OPERATION_CONNECT)
        done(s);
    else if (s->loop->tls->control)
        session_ask(s, TEXT("AUTH TLS\r\n"), on_auth);
    else
        ask_with(s, "USER ", s->loop->options->user, on_user);
}

void login_begin(struct session *s)
{
    session_open(s, on_greeting);
}

/* ---- QUIT ---------------------------------------------------------------------------- */

static void on_quit(struct session *s, int code, struct text line)
{
    if (code == 221)
        s->is_leaving = true;
    else
        session_fail(s, "QUIT", line);
}

void login_leave(struct session *s)
{
    session_ask(s, TEXT("QUIT\r\n"), on_quit);
}

void login_on_end(struct session *s)
{
    if (!s->step)
        s->loop->on_free(s);
    else if (s->step->operation == OPERATION_RETURN)
        login_begin(s);
    else
        loop_end_operation(s);
}
