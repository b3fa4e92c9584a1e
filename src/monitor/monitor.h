/* SPDX-License-Identifier: Apache-2.0 */
/*
 * monitor: the server's half of the monitor, the process that stays root so
 * that the server need not be: where users of the system log in, and where files
 * that the settings name are root's alone. docs/adr/0015, docs/adr/0020.
 */
#ifndef FERRY_MONITOR_MONITOR_H
#define FERRY_MONITOR_MONITOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/endpoint.h"
#include "base/fault.h"
#include "base/text.h"
#include "store/store.h"

enum {
    MONITOR_PORTS_MAX = 2,
    MONITOR_FILES_MAX = 256,
};

struct monitor_settings {
    const char *service; /* borrowed for the call: PAM's name of us; "": nobody logs in */
    const char *root;    /* borrowed for the call: what users see as /; %h: home, %u: name */
    uint64_t first_user; /* uids below it are refused, and 0 whatever it says */
    bool any_shell;      /* also users whose shell is not in /etc/shells */
    uint64_t ports[MONITOR_PORTS_MAX];    /* each and the one before it are bound for us; 0: none */
    const char *files[MONITOR_FILES_MAX]; /* borrowed for the call: absolute paths to open for us */
    size_t file_count;
};

struct monitor;
struct monitor_login;

/*
 * The program's other parts are this program with another name: asked first
 * thing in main. True when it was one of them, with its exit status.
 */
bool monitor_is_part(int argc, char **argv, int *ret_status);

/* Before any thread; as root. Ends by itself when the server does. */
enum fault monitor_start(const struct monitor_settings *settings, struct monitor **ret_monitor);
/* Every login was freed. Accepts NULL. */
void monitor_free(struct monitor *monitor);

/*
 * Worker thread; blocks for as long as PAM does, a minute at most.
 * FAULT_LOGIN_REFUSED whatever the reason, which is in the log; FAULT_BUSY when
 * there are too many logins; FAULT_IO when the monitor is gone.
 */
enum fault monitor_authenticate(struct monitor *monitor, struct text name, struct text password,
                                const union endpoint *peer, struct monitor_login **ret_login);
/* Their files, opened by a process that is theirs. Before the login ends, free the store. */
enum fault monitor_open_tree(struct monitor_login *login, struct store **ret_store);
/* Ends the session that PAM opened. Accepts NULL. */
void monitor_login_free(struct monitor_login *login);

/* A TCP socket bound to an address with one of our ports. FAULT_DENIED: another port. */
enum fault monitor_bind(struct monitor *monitor, const union endpoint *local, int *ret_socket);

/*
 * Opens settings.files[file] for reading, as it is there now. FAULT_DENIED: others
 * than root could put something else there. FAULT_NOT_PLAIN_FILE. Any thread; blocks.
 */
enum fault monitor_open_file(struct monitor *monitor, size_t file, int *ret_fd);

#endif
