/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verbs_parameters: how the next transfer is made (RFC 959 4.1.2, RFC 1639,
 * RFC 2389, RFC 2428, RFC 3659).
 * TYPE STRU MODE PORT EPRT LPRT PASV EPSV LPSV REST RANG ALLO OPTS
 */
#include "base/memory.h"
#include "codec/mode_deflate.h"
#include "net/socket.h"
#include "protocol/address.h"
#include "protocol/facts.h"
#include "protocol/marker.h"
#include "server/job.h"
#include "server/loop.h"
#include "server/session.h"
#include "server/verbs.h"

enum {
    /* RFC 2577 3: well-known ports are services, not clients. */
    PORT_LOWEST = 1024,
};

static void reply_parameters(struct session *session, enum parameters_result result,
                             enum reply_id done)
{
    char bytes[16];
    struct builder b = builder_on(bytes, sizeof(bytes));
    switch (result) {
    case PARAMETERS_OK:
        if (done == REPLY_TYPE_SET)
            parameters_put_type(&b, &session->parameters);
        else
            builder_put_byte(&b, done == REPLY_MODE_SET ? session->parameters.mode
                                                        : session->parameters.structure);
        session_reply_with(session, done, builder_text(&b), TEXT(""));
        break;
    case PARAMETERS_MALFORMED:
        session_reply(session, REPLY_ARGUMENT);
        break;
    case PARAMETERS_UNSUPPORTED:
        session_reply(session, REPLY_NOT_WITH_PARAMETER);
        break;
    }
}

void verb_type(struct session *session, struct text argument)
{
    reply_parameters(session, parameters_set_type(&session->parameters, argument), REPLY_TYPE_SET);
}

void verb_stru(struct session *session, struct text argument)
{
    reply_parameters(session, parameters_set_structure(&session->parameters, argument),
                     REPLY_STRUCTURE_SET);
}

void verb_mode(struct session *session, struct text argument)
{
    reply_parameters(session, parameters_set_mode(&session->parameters, argument), REPLY_MODE_SET);
}

/* ---- Active ------------------------------------------------------------------------ */

/*
 * RFC 2577: a data port on another host bounces our connections off to third
 * parties, so it takes --allow-fxp and a user with a name.
 */
static void set_target(struct session *session, const union endpoint *target)
{
    bool fxp = session->config->allow_fxp && !login_is_anonymous(session->login);
    if (endpoint_port(target) < PORT_LOWEST) {
        session_reply(session, REPLY_PORT_LOW);
    } else if (!endpoint_is_one_host(target)) {
        session_reply(session, REPLY_ARGUMENT);
    } else if (!fxp && !endpoint_same_host(target, &session->control.peer)) {
        session_reply(session, REPLY_PORT_FOREIGN);
    } else {
        session_close_data(session); /* RFC 959 3.2: a new port is specified */
        passive_close(session);
        data_port_set_target(&session->data_port, target);
        session_send_ticket(session);
        session_reply(session, REPLY_PORT_SET);
    }
}

void verb_port(struct session *session, struct text argument)
{
    union endpoint target;
    if (address_parse_port(argument, &target) == ADDRESS_OK)
        set_target(session, &target);
    else
        session_reply(session, REPLY_ARGUMENT);
}

void verb_eprt(struct session *session, struct text argument)
{
    union endpoint target;
    switch (address_parse_eprt(argument, &target)) {
    case ADDRESS_OK:
        set_target(session, &target);
        break;
    case ADDRESS_MALFORMED:
        session_reply(session, REPLY_ARGUMENT);
        break;
    case ADDRESS_UNKNOWN_FAMILY:
        session_reply_with(session, REPLY_EPRT_FAMILIES, TEXT("(1,2)"), TEXT(""));
        break;
    }
}

void verb_lprt(struct session *session, struct text argument)
{
    union endpoint target;
    switch (address_parse_lprt(argument, &target)) {
    case ADDRESS_OK:
        set_target(session, &target);
        break;
    case ADDRESS_MALFORMED:
        session_reply(session, REPLY_ARGUMENT);
        break;
    case ADDRESS_UNKNOWN_FAMILY:
        session_reply(session, REPLY_LPRT_FAMILIES);
        break;
    }
}

/* ---- Passive ------------------------------------------------------------------------- */

static bool listen_passive(struct session *session, union endpoint *ret_local)
{
    if (passive_listen(session, ret_local)) {
        session_reply(session, REPLY_NO_PASSIVE_PORT);
        return false;
    }
    session_send_ticket(session);
    return true;
}

/* The address to announce: what the client reached, but for those outside a NAT. */
static union endpoint announced(const struct session *session, const union endpoint *local)
{
    const struct config *config = session->config;
    if (config->passive_v4.any.sa_family != local->any.sa_family ||
        endpoint_is_private(&session->control.peer))
        return *local;
    union endpoint outside = config->passive_v4;
    endpoint_set_port(&outside, endpoint_port(local));
    return outside;
}

/* PASV, RFC 959 4.1.2. One line, and the only 227 (firewalls read them). */
void verb_pasv(struct session *session, struct text argument)
{
    char bytes[32];
    struct builder b = builder_on(bytes, sizeof(bytes));
    union endpoint local;
    (void)argument;
    if (session->control.local.any.sa_family != AF_INET) {
        session_reply(session, REPLY_NO_PASV_IPV6);
        return;
    }
    if (!listen_passive(session, &local))
        return;
    local = announced(session, &local);
    address_put_port(&b, &local);
    session_reply_with(session, REPLY_PASSIVE, builder_text(&b), TEXT(""));
}

static bool epsv_family_fits(const struct session *session, struct text argument)
{
    bool v4 = session->control.local.any.sa_family == AF_INET;
    return !argument.len || text_equal(argument, v4 ? TEXT("1") : TEXT("2"));
}

/* EPSV, RFC 2428 3. The listener is on the family of the control connection. */
void verb_epsv(struct session *session, struct text argument)
{
    char bytes[8];
    struct builder b = builder_on(bytes, sizeof(bytes));
    union endpoint local;
    uint64_t family;
    if (text_equal_any_case(argument, TEXT("ALL"))) {
        session->manners.epsv_all = true;
        session_reply(session, REPLY_EPSV_ALL);
        return;
    }
    if (!epsv_family_fits(session, argument)) {
        bool v4 = session->control.local.any.sa_family == AF_INET;
        if (text_to_number(argument, UINT16_MAX, &family))
            session_reply_with(session, REPLY_EPRT_FAMILIES, v4 ? TEXT("(1)") : TEXT("(2)"),
                               TEXT(""));
        else
            session_reply(session, REPLY_ARGUMENT);
        return;
    }
    if (!listen_passive(session, &local))
        return;
    builder_put_number(&b, endpoint_port(&local));
    session_reply_with(session, REPLY_EXTENDED_PASSIVE, builder_text(&b), TEXT(""));
}

/* LPSV, RFC 1639 3. */
void verb_lpsv(struct session *session, struct text argument)
{
    char bytes[128];
    struct builder b = builder_on(bytes, sizeof(bytes));
    union endpoint local;
    (void)argument;
    if (!listen_passive(session, &local))
        return;
    local = announced(session, &local);
    address_put_lprt(&b, &local);
    session_reply_with(session, REPLY_LONG_PASSIVE, builder_text(&b), TEXT(""));
}

/* ---- Where and how much ---------------------------------------------------------------- */

/*
 * REST: a byte position of the transfer (RFC 3659 5), or in MODE B and C a
 * marker of ours (RFC 959 3.5), which the transfer it is for understands.
 */
void verb_rest(struct session *session, struct text argument)
{
    uint64_t restart = 0;
    bool is_number = text_to_number(argument, INT64_MAX, &restart);
    bool is_marker = !is_number && parameters_keep_connection(&session->parameters) &&
                     marker_is_valid(argument);
    char *marker = is_marker ? memory_copy(argument.at, argument.len) : NULL;
    if (!is_number && !marker) {
        session_reply(session, is_marker ? reply_of_fault(FAULT_NO_MEMORY, REPLY_COLUMN_FILE)
                                         : REPLY_ARGUMENT);
        return;
    }
    session_forget_restart(session);
    session->pending.restart = restart;
    session->pending.marker = marker;
    session_reply_with(session, REPLY_RESTARTING, argument, TEXT(""));
}

/* RANG: first and last byte, counted from 0; first after last takes it back (RANG 1 0). */
void verb_rang(struct session *session, struct text argument)
{
    char bytes[48];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct pending *pending = &session->pending;
    struct text rest = argument;
    uint64_t first;
    uint64_t last;
    if (!text_to_number(text_take_word(&rest), INT64_MAX, &first) ||
        !text_to_number(rest, INT64_MAX, &last)) {
        session_reply(session, REPLY_ARGUMENT);
        return;
    }
    session_forget_restart(session);
    pending->has_range = first <= last;
    pending->range_first = first;
    pending->range_last = last;
    if (pending->has_range)
        session_reply_with(session, REPLY_RANGE_SET, builder_number(&b, first),
                           builder_number(&b, last));
    else
        session_reply(session, REPLY_RANGE_OFF);
}

/* "n" or "n R m" (RFC 959 5.3.1); the record size says nothing to us. */
static bool parse_allo(struct text argument, uint64_t *ret_bytes)
{
    struct text rest = argument;
    uint64_t record;
    if (!text_to_number(text_take_word(&rest), INT64_MAX, ret_bytes))
        return false;
    if (!rest.len)
        return true;
    return text_equal_any_case(text_take_word(&rest), TEXT("R")) &&
           text_to_number(rest, INT64_MAX, &record);
}

/* ALLO, RFC 959 4.1.3: refused at once if it cannot fit, reserved with the upload. */
void verb_allo(struct session *session, struct text argument)
{
    uint64_t bytes;
    if (parse_allo(argument, &bytes))
        job_start(session, verb_find(TEXT("ALLO")), argument, NULL);
    else
        session_reply(session, REPLY_ARGUMENT);
}

enum fault work_allo(struct job *job)
{
    struct store_space space;
    char bytes[24];
    struct builder b = builder_on(bytes, sizeof(bytes));
    if (!parse_allo(job_argument(job), &job->reserve_bytes))
        return FAULT_BUG;
    enum fault f = gate_space(&job->caller, job->directory, &space);
    if (f)
        return f;
    if (job->reserve_bytes > space.total_bytes)
        return FAULT_TOO_LARGE;
    if (job->reserve_bytes > space.free_bytes)
        return FAULT_NO_SPACE;
    job_reply(job, REPLY_ALLOCATED, builder_number(&b, job->reserve_bytes), TEXT(""));
    return FAULT_NONE;
}

void done_allo(struct session *session, struct job *job)
{
    if (!job->fault)
        session->pending.reserve_bytes = job->reserve_bytes;
}

/* ---- OPTS ---------------------------------------------------------------------------------- */

/* OPTS MLST, RFC 3659 7.9: the reply tells what is in force, after a space if anything is. */
static void set_facts(struct session *session, struct text options)
{
    char bytes[256];
    struct builder b = builder_on(bytes, sizeof(bytes));
    if (!facts_parse_selection(options, &session->manners.facts)) {
        session_reply(session, REPLY_ARGUMENT);
        return;
    }
    if (session->manners.facts)
        builder_put_byte(&b, ' ');
    facts_put_selection(&b, session->manners.facts, 0);
    session_reply_with(session, REPLY_MLST_OPTIONS, builder_text(&b), TEXT(""));
}

static void set_hash(struct session *session, struct text options)
{
    if (options.len && !digest_kind_parse(options, &session->manners.digest)) {
        session_reply(session, REPLY_ARGUMENT);
        return;
    }
    session_reply_with(session, REPLY_HASH_OPTIONS,
                       text_of(digest_kind_name(session->manners.digest)), TEXT(""));
}

/* Names pass byte for byte either way; clients only want to hear 200. */
static void set_utf8(struct session *session, struct text options)
{
    if (!options.len || text_equal_any_case(options, TEXT("ON")))
        session_reply(session, REPLY_UTF8_ON);
    else if (text_equal_any_case(options, TEXT("OFF")))
        session_reply(session, REPLY_UTF8_OFF);
    else
        session_reply(session, REPLY_ARGUMENT);
}

/* OPTS MODE Z [LEVEL n], draft-preston-ftpext-deflate; with nothing it tells. */
static void set_deflate(struct session *session, struct text options)
{
    char bytes[4];
    struct builder b = builder_on(bytes, sizeof(bytes));
    uint64_t level = (uint64_t)session->manners.deflate_level;
    struct text rest = options;
    struct text mode = text_take_word(&rest);
    struct text name = text_take_word(&rest);
    bool fine = text_equal_any_case(mode, TEXT("Z"));
    if (fine && name.len)
        fine = text_equal_any_case(name, TEXT("LEVEL")) &&
               text_to_number(rest, DEFLATE_LEVEL_MAX, &level);
    if (!fine) {
        session_reply(session, REPLY_ARGUMENT);
        return;
    }
    session->manners.deflate_level = (int)level;
    session_reply_with(session, REPLY_MODE_Z_OPTIONS, builder_number(&b, level), TEXT(""));
}

/* OPTS, RFC 2389 4: whatever is not recognized is 501. */
void verb_opts(struct session *session, struct text argument)
{
    struct text options = argument;
    struct text command = text_take_word(&options);
    bool utf8 = text_equal_any_case(command, TEXT("UTF8")) ||
                text_equal_any_case(command, TEXT("UTF-8"));
    if (utf8)
        set_utf8(session, options);
    else if (!session_is_logged_in(session))
        session_reply(session, REPLY_NOT_LOGGED_IN);
    else if (text_equal_any_case(command, TEXT("MLST")))
        set_facts(session, options);
    else if (text_equal_any_case(command, TEXT("HASH")))
        set_hash(session, options);
    else if (text_equal_any_case(command, TEXT("MODE")))
        set_deflate(session, options);
    else
        session_reply(session, REPLY_ARGUMENT);
}
