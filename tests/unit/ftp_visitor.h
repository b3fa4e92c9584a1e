/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ftp_visitor: one host (ftp_host), one tree here (local_trees), and who is
 * logged in there, for tests of what carries between them. Include it once a program.
 */
#ifndef FERRY_TESTS_FTP_VISITOR_H
#define FERRY_TESTS_FTP_VISITOR_H

#include "client/carry.h"
#include "tests/unit/ftp_host.h"
#include "tests/unit/local_trees.h"

#define VISITOR_FACTS " MLST type*;size*;modify*;UNIX.mode*;\r\n REST STREAM\r\n MFMT\r\n"

static struct ftp_host host;
static struct remote_settings settings;
static struct remote *remote __attribute__((unused));
static struct carry_rules rules;
static struct transfer_progress progress;
static struct carry_outcome outcome __attribute__((unused));

/* A host with facts and an empty tree, an empty tree here, rules as people have them. */
static int visitor_set_up(void **state)
{
    ftp_host_reset(&host);
    host.features = VISITOR_FACTS;
    rules = (struct carry_rules){.parameters = PARAMETERS_DEFAULT,
                                 .resumes = true,
                                 .check = CARRY_CHECK_SIZE,
                                 .keeps_time = true,
                                 .tries = 1,
                                 .segments = 1};
    rules.parameters.type = TYPE_IMAGE;
    progress = (struct transfer_progress){0};
    return set_up(state);
}

static int visitor_tear_down(void **state)
{
    ftp_host_reset(&host);
    return tear_down(state);
}

static inline void visit_begin(void)
{
    ftp_host_begin(&host);
    settings = ftp_host_settings(&host);
    assert_fault(remote_open(&settings, &remote), FAULT_NONE);
}

static inline void visit_end(void)
{
    remote_close(remote);
    remote = NULL;
    ftp_host_end(&host);
}

/* Whole visits, to fetch or send that one file. */
static inline enum fault visit_to_fetch(const char *path, const char *local)
{
    visit_begin();
    enum fault f = carry_fetch(remote, path, NULL, tree, local, &rules, &progress, &outcome);
    visit_end();
    return f;
}

static inline enum fault visit_to_send(const char *local, const char *path)
{
    visit_begin();
    enum fault f = carry_send(remote, tree, local, path, &rules, &progress, &outcome);
    visit_end();
    return f;
}

/* What of a name of the host's is left on the way. */
static inline bool visitor_left_parts(void)
{
    for (size_t i = 0; i < FTP_HOST_NODES; i++)
        if (strstr(host.nodes[i].path, ".ferry-part"))
            return true;
    return false;
}

#define IN_VISIT(name) cmocka_unit_test_setup_teardown(name, visitor_set_up, visitor_tear_down)

/* ---- What a host may be told to do: on_command ------------------------------------------ */

static inline bool is_verb(struct text verb, const char *expected)
{
    return text_equal(verb, text_of(expected));
}

static inline const char *refuse_rest(struct ftp_host *there, struct text verb,
                                      struct text argument)
{
    (void)there;
    (void)argument;
    return is_verb(verb, "REST") || is_verb(verb, "RANG") ? "502 What?" : NULL;
}

static inline const char *lie_about_digest(struct ftp_host *there, struct text verb,
                                           struct text argument)
{
    (void)there;
    (void)argument;
    return is_verb(verb, "XMD5") ? "250 00000000000000000000000000000000" : NULL;
}

#endif
