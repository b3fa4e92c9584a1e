/* SPDX-License-Identifier: Apache-2.0 */
#include "load_operation.h"

#include <arpa/inet.h>

#include "base/clock.h"
#include "load_data.h"
#include "load_login.h"
#include "load_loop.h"
#include "load_tls.h"

enum { NO_ENTRIES_MAX = 3 };

static void ask_step(struct session *s,
                     void (*on_reply)(struct session *s, int code, struct text line))
{
    char line[LINE_MAX_BYTES];
    struct builder b = builder_on(line, sizeof(line));
    work_line(s->step, s->loop->options, s->number, &b);
    session_ask(s, builder_text(&b), on_reply);
}

static void on_asked(struct session *s, int code, struct text line)
{
    if (code == s->step->code)
        loop_end_operation(s);
    else
        session_fail(s, s->step->verb, line);
}

/* ---- Transfers ------------------------------------------------------------------------- */

/* What the first listing has beside entries, each has: a total, the directory and its parent. */
static bool has_all_entries(struct session *s)
{
    uint64_t entries = s->loop->options->entries;
    if (!s->loop->listing_lines && s->lines >= entries && s->lines <= entries + NO_ENTRIES_MAX)
        s->loop->listing_lines = s->lines;
    return s->lines >= entries && s->lines == s->loop->listing_lines;
}

static bool is_whole(struct session *s)
{
    if (s->step->operation == OPERATION_LIST)
        return has_all_entries(s);
    return s->moved == s->loop->options->bytes;
}

static void end_if_over(struct session *s)
{
    if (!s->is_replied || !s->is_data_over)
        return;
    link_close(&s->data);
    s->loop->bytes += s->moved;
    if (s->step->operation == OPERATION_LIST)
        s->loop->entries += s->loop->options->entries;
    loop_end_operation(s);
}

void operation_on_data_over(struct session *s)
{
    if (!is_whole(s)) {
        char found[64];
        struct builder b = builder_on(found, sizeof(found));
        builder_put_string(&b, "bytes: ");
        builder_put_number(&b, s->moved);
        builder_put_string(&b, ", lines: ");
        builder_put_number(&b, s->lines);
        session_fail(s, "not what was to come", builder_text(&b));
        return;
    }
    end_if_over(s);
}

static void on_transfer(struct session *s, int code, struct text line)
{
    if ((code == 150 || code == 125) && !s->is_opened) {
        s->is_opened = true;
        data_move(s);
    } else if ((code == 226 || code == 250) && s->is_opened && !s->is_replied) {
        s->is_replied = true;
        if (s->is_data_over)
            end_if_over(s);
        else
            data_move(s);
    } else {
        session_fail(s, s->step->verb, line);
    }
}

/* The command goes right behind the start of connecting, before that has ended. */
static void transfer(struct session *s, in_port_t port)
{
    if (!data_open(s, port))
        return;
    if (s->step->operation == OPERATION_LIST)
        s->asked_ns = (uint64_t)clock_running_ns();
    ask_step(s, on_transfer);
    if (s->data.fd < 0)
        return;
    if (!s->control.tls) {
        if (s->loop->options->is_eager && s->step->operation == OPERATION_STORE)
            data_move(s);
        return;
    }
    SSL_SESSION *ticket = s->loop->options->is_resuming ? s->ticket : NULL;
    if (tls_secure_data(&s->data, s->loop->tls, ticket))
        data_move(s);
    else
        session_fail(s, "no memory for TLS", TEXT(""));
}

/* Reads decimal numbers up to the end of digits; false: there is none. */
static bool take_number(struct text *rest, uint64_t *ret_number)
{
    size_t len = 0;
    while (len < rest->len && text_is_digit(rest->at[len]))
        len++;
    if (!text_to_number((struct text){rest->at, len}, UINT16_MAX, ret_number))
        return false;
    *rest = text_after(*rest, len);
    return true;
}

/* RFC 2428 3: (|||6446|) */
static void on_epsv(struct session *s, int code, struct text line)
{
    struct text rest = text_after(line, text_find(line, '|') + 3);
    uint64_t port;
    if (code == 229 && take_number(&rest, &port))
        transfer(s, htons((uint16_t)port));
    else
        session_fail(s, "EPSV", line);
}

/* RFC 959 4.1.2: (h1,h2,h3,h4,p1,p2); the address is that of the control connection. */
static void on_pasv(struct session *s, int code, struct text line)
{
    struct text rest = text_after(line, 4);
    while (rest.len && !text_is_digit(rest.at[0]))
        rest = text_after(rest, 1);
    uint64_t part[6] = {0};
    for (size_t i = 0; i < 6 && take_number(&rest, &part[i]); i++)
        rest = text_after(rest, 1);
    if (code == 227 && part[4] < 256 && part[5] < 256)
        transfer(s, htons((uint16_t)(part[4] * 256 + part[5])));
    else
        session_fail(s, "PASV", line);
}

void operation_begin(struct session *s, const struct step *step)
{
    s->step = step;
    s->began_ns = s->loop->now_ns;
    switch (step->operation) {
    case OPERATION_ASK:
        ask_step(s, on_asked);
        break;
    case OPERATION_FETCH:
    case OPERATION_LIST:
    case OPERATION_STORE:
        if (s->loop->options->is_pasv_only)
            session_ask(s, TEXT("PASV\r\n"), on_pasv);
        else
            session_ask(s, TEXT("EPSV\r\n"), on_epsv);
        break;
    case OPERATION_LOGIN:
    case OPERATION_CONNECT:
        login_begin(s);
        break;
    case OPERATION_RETURN:
        login_leave(s);
        break;
    }
}
