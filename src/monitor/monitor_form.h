/* SPDX-License-Identifier: Apache-2.0 */
/*
 * monitor_form: what the server, the monitor and its other processes say to
 * each other. Pure; what is taken out may be anybody's. Internal to monitor.
 *
 *     server → monitor   settings, once, then requests, each with a connection
 *     that connection    the answer: a fault and what was asked for, a socket or
 *                        a file. After a successful login it is that login's:
 *                        "open", answered with the door of a store. Its end is
 *                        the login's.
 *     session → monitor  a fault, then the person
 *     monitor → agent    the person and the root, once, then doors
 */
#ifndef FERRY_MONITOR_MONITOR_FORM_H
#define FERRY_MONITOR_MONITOR_FORM_H

#include <sys/types.h>

#include "base/endpoint.h"
#include "base/message.h"
#include "monitor/monitor.h"

enum {
    MONITOR_NAME_SIZE = 129,     /* with its NUL, as all sizes */
    MONITOR_PASSWORD_SIZE = 512, /* PAM_MAX_RESP_SIZE */
    MONITOR_PATH_SIZE = 4096,
    MONITOR_SERVICE_SIZE = 64,
    MONITOR_GROUPS_MAX = 1024,
};

enum monitor_request_kind {
    MONITOR_AUTHENTICATE,
    MONITOR_BIND,
    MONITOR_OPEN_FILE,
    MONITOR_REQUEST_COUNT
};

struct monitor_request {
    enum monitor_request_kind kind;
    const char *name;        /* borrowed: inside the message; of a login */
    const char *password;    /* borrowed: inside the message; likewise */
    union endpoint endpoint; /* the peer of a login, or what to bind */
    size_t file;             /* which of settings.files; there may be fewer */
};

/* Who is inside, as the system knows them. */
struct monitor_person {
    uid_t uid;
    gid_t gid;
    gid_t groups[MONITOR_GROUPS_MAX];
    size_t group_count;
    char name[MONITOR_NAME_SIZE];
    char home[MONITOR_PATH_SIZE];
};

void monitor_put_settings(struct message *message, const struct monitor_settings *settings);
/* Texts inside the message. FAULT_MALFORMED, as all of these. */
enum fault monitor_take_settings(struct message *message, struct monitor_settings *ret_settings);

void monitor_put_login(struct message *message, struct text name, struct text password,
                       const union endpoint *peer);
void monitor_put_bind(struct message *message, const union endpoint *local);
void monitor_put_open(struct message *message, size_t file);
/* All of the message but its descriptor. */
enum fault monitor_take_request(struct message *message, struct monitor_request *ret_request);

void monitor_put_person(struct message *message, const struct monitor_person *person);
enum fault monitor_take_person(struct message *message, struct monitor_person *ret_person);

/* A root with %h, %u and %% in it, for a person; false when it is none or too long. */
bool monitor_expand_root(const char *root, const struct monitor_person *person, struct builder *b);

#endif
