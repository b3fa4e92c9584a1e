/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config: what the administrator wants, as an immutable counted snapshot. One
 * table holds every setting: its name is the option (--idle-timeout), the key
 * of ferryd.conf (idle_timeout) and the entry in the manual; a test holds the
 * manual against it. A value that is not understood is an error that names the
 * setting; nothing is ever "unlimited" by accident.
 *
 * Loaded by one thread at a time, at start and on SIGHUP (it may block on DNS);
 * read by any thread.
 */
#ifndef FERRY_SERVER_CONFIG_H
#define FERRY_SERVER_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/endpoint.h"
#include "base/terms.h"
#include "base/text.h"
#include "codec/code_page.h"
#include "dtp/data_port.h"

struct realm_set;

/* Texts of one message for the person who started the program. */
enum { CONFIG_MESSAGE_SIZE = 1024 };

/* A user block of the file, or a --user option. */
struct config_user {
    char *name;     /* owned */
    char *password; /* owned: as crypt(5) writes it, or in clear (is_clear) */
    char *root;     /* owned; NULL: the realm's */
    char *account;  /* owned; NULL: ACCT is not asked */
    bool is_clear;  /* `password` is the password itself */
    bool read_only;
};

struct config_folder {
    char *name; /* owned */
    char *path; /* owned */
};

/* A virtual host (RFC 7151), or the default one, whose name is NULL. */
struct config_host {
    char *name;                /* owned */
    char *root;                /* owned */
    char *anonymous;           /* owned: "off", "on" or a directory */
    char *banner;              /* owned */
    struct config_user *users; /* owned array */
    size_t user_count;
    struct config_folder *folders; /* owned array */
    size_t folder_count;
};

/* What may be given several times. */
struct config_list {
    char **items; /* owned array of owned strings */
    size_t count;
};

struct config {
    struct config_list addresses;
    struct config_list safe_networks;
    struct config_list anonymous_uploads;
    struct config_list anonymous_terms;
    uint64_t port;
    struct port_range passive_ports;
    char *passive_address;     /* owned; NULL: what the client reached */
    union endpoint passive_v4; /* passive_address, looked up; AF_UNSPEC: none */
    bool allow_fxp;
    char *ebcdic_code_page;  /* owned */
    struct code_page ebcdic; /* made of it */
    uint64_t marker_interval_bytes;
    bool ascii_conversion;
    bool uploads_direct;
    bool durability_sync;
    uint64_t idle_timeout_s;
    uint64_t login_timeout_s;
    uint64_t data_timeout_s;
    uint64_t grace_s;
    uint64_t max_sessions;
    uint64_t max_per_ip;
    uint64_t max_transfers;
    uint64_t max_transfers_per_ip;
    uint64_t max_unauthenticated;
    uint64_t max_unauthenticated_per_ip;
    uint64_t download_rate; /* bytes in a second; 0: no limit; as all of them */
    uint64_t upload_rate;
    uint64_t download_rate_per_ip;
    uint64_t upload_rate_per_ip;
    uint64_t login_delay_ms;
    uint64_t login_delay_max_ms;
    uint64_t ban_after;
    uint64_t ban_user_after;
    uint64_t ban_window_s;
    uint64_t ban_time_s;
    uint64_t umask;
    bool system_users;
    bool system_users_any_shell;
    uint64_t system_users_from;
    char *system_root; /* owned */
    char *pam_service; /* owned */
    char *run_as;      /* owned */
    char *database;    /* owned; NULL: none */
    char *socket;      /* owned; NULL: a default in the state directory */
    char *state;       /* owned; NULL: a default for who runs us */
    char *xferlog;     /* owned; NULL: none */
    char *audit;       /* owned; NULL: none */
    bool audit_syslog;
    char *log_level;           /* owned */
    char *file;                /* owned: --config; NULL: none */
    struct config_host *hosts; /* owned array; the first is the default one */
    size_t host_count;
    struct realm_set *realms; /* owned: one for each host; built by backends.c */
};

/* What the command line asks for besides settings. */
struct config_request {
    bool help;
    bool version;
    bool check_only;
};

/*
 * Reads the defaults, then --config's file, then the other options over it.
 * NULL with one line in `message` when something is wrong. The realms are not
 * built yet.
 */
struct config *config_load(int argc, char **argv, struct config_request *ret_request,
                           char message[CONFIG_MESSAGE_SIZE]);

struct config *config_ref(struct config *config);
/* Accepts NULL. */
void config_unref(struct config *config);

/* The host of a name (RFC 7151), any case, or NULL. Index into hosts and realms. */
const struct config_host *config_find_host(const struct config *config, struct text name,
                                           size_t *ret_index);

/* The text of --help. */
void config_put_help(struct builder *b);

/* The names of the settings that differ and need a new start, with spaces between. */
void config_put_deferred(const struct config *running, const struct config *wanted,
                         struct builder *b);

/* ---- Between the files of config ------------------------------------------------ */

enum setting_kind {
    SETTING_NUMBER, /* 0 to `max` */
    SETTING_SIZE,   /* likewise, with k, M, G or T behind it */
    SETTING_OCTAL,
    SETTING_STRING,
    SETTING_HOST,      /* a string of the default host; the offset is in struct config_host */
    SETTING_FLAG,      /* an option without argument; on or off in the file */
    SETTING_SWITCH,    /* one of two words in `words`; the first is true */
    SETTING_RANGE,     /* A-B */
    SETTING_ADDRESSES, /* may be given several times */
    SETTING_NETWORKS,  /* likewise, as all lists */
    SETTING_PATHS,
    SETTING_TERMS,     /* TERM=VALUE */
    SETTING_USER,      /* NAME:PASSWORD, several times; blocks in the file */
    SETTING_ANONYMOUS, /* like SETTING_HOST; an option's argument may be left out */
    SETTING_OPTION,    /* of the command line only */
};

struct setting {
    const char *name; /* borrowed: static text, with dashes */
    enum setting_kind kind;
    size_t offset; /* of the field in struct config, but for SETTING_HOST */
    uint64_t max;
    const char *words;    /* borrowed: of a SWITCH; NULL: on or off */
    const char *argument; /* borrowed: what --help calls it; NULL: none */
    const char *value;    /* borrowed: default; NULL: none */
    const char *help;     /* borrowed */
    bool at_start;        /* taken when ferryd starts; SIGHUP does not change it */
};

/* Ends with a NULL name. */
extern const struct setting config_settings[];

static inline bool setting_is_list(const struct setting *setting)
{
    return setting->kind >= SETTING_ADDRESSES && setting->kind <= SETTING_TERMS;
}

/* Sets one value; false with a message that names the setting. */
bool config_set(struct config *config, const struct setting *setting, struct text value,
                char message[CONFIG_MESSAGE_SIZE]);
/* Sets a term of a group by "TERM=VALUE". */
bool config_set_term(struct terms *terms, struct text value);
/* Reads ferryd.conf into `config`. */
bool config_read_file(struct config *config, const char *file, char message[CONFIG_MESSAGE_SIZE]);
/* Writes a message; always false, to be returned. */
bool config_complain(char message[CONFIG_MESSAGE_SIZE], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Grows an array by one zeroed element and returns it, or NULL. */
void *config_grow(void **array, size_t *count, size_t size);
bool config_copy_string(char **place, struct text value);

#endif
