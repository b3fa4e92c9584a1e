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

struct opener;
struct realm_set;
struct tls;

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

/* Which connections have to be under TLS; a mask. */
enum require_tls {
    REQUIRE_TLS_LOGIN = 1,   /* before USER; CCC may follow */
    REQUIRE_TLS_CONTROL = 2, /* likewise, and to the end */
    REQUIRE_TLS_DATA = 4,    /* PROT P before a transfer */
};

/* Does a data connection have to resume the control connection's TLS session? */
enum data_tls_reuse { DATA_TLS_REUSE_OFF, DATA_TLS_REUSE_PREFER, DATA_TLS_REUSE_REQUIRE };

/* Which name in a client's certificate is the user it is for. */
enum tls_client_user {
    TLS_CLIENT_USER_NONE,
    TLS_CLIENT_USER_CN,
    TLS_CLIENT_USER_EMAIL,
    TLS_CLIENT_USER_DNS
};

/* TLS as it is written in the settings; `config.tls` is what is made of it. */
struct config_tls {
    struct config_list certificates; /* files, in PEM */
    struct config_list keys;         /* likewise: the n-th of the n-th certificate */
    bool self_signed;                /* made and kept in the state directory at the first start */
    bool only_1_3;
    char *ciphers;                /* owned; NULL: ours */
    uint64_t client_certificates; /* enum tls_client_certificate */
    char *client_ca;              /* owned: a file; NULL: none */
    char *client_crl;             /* owned: a file; NULL: none */
    uint64_t client_user;         /* enum tls_client_user */
    bool client_password;         /* asked of whom a certificate names, too */
};

struct config {
    struct config_list addresses;
    struct config_list safe_networks;
    struct config_list anonymous_uploads;
    struct config_list anonymous_terms;
    uint64_t port;
    uint64_t implicit_port; /* TLS from the first byte; 0: none */
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
    struct config_tls tls_files;
    struct tls *tls;         /* owned reference; NULL: no TLS. Made by certificates.c */
    uint64_t require_tls;    /* mask of enum require_tls */
    uint64_t data_tls_reuse; /* enum data_tls_reuse */
    bool allow_ccc;
    struct config_list user_roots; /* directories below which roots of users may lie */
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
 * built yet (backends.h), and no certificate is read (certificates.h).
 */
struct config *config_load(int argc, char **argv, struct config_request *ret_request,
                           char message[CONFIG_MESSAGE_SIZE]);
/* Likewise, of a server that runs: it may have to have its file opened. */
struct config *config_reload(int argc, char **argv, const struct opener *opener,
                             char message[CONFIG_MESSAGE_SIZE]);

/*
 * Overwrites the passwords of --user options: everybody can read the command line
 * of a process. Load a copy.
 */
void config_hide_passwords(int argc, char **argv);

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
    SETTING_CHOICE,    /* one of the words: its index */
    SETTING_WORDS,     /* a mask of the words, commas between; all (an option alone), or off */
    SETTING_RANGE,     /* A-B */
    SETTING_ADDRESSES, /* may be given several times */
    SETTING_NETWORKS,  /* likewise, as all lists */
    SETTING_PATHS,
    SETTING_FILES,
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
    const char *words;    /* borrowed: with | between; of a SWITCH NULL: on or off */
    const char *argument; /* borrowed: what --help calls it; NULL: none */
    const char *value;    /* borrowed: default; NULL: none */
    const char *help;     /* borrowed */
    bool at_start;        /* taken when ferryd starts; SIGHUP does not change it */
};

enum { SETTINGS_MAX = 96 };

/* Ends with a NULL name; fewer than SETTINGS_MAX. */
extern const struct setting config_settings[];

static inline bool setting_is_list(const struct setting *setting)
{
    return setting->kind >= SETTING_ADDRESSES && setting->kind <= SETTING_TERMS;
}

/* May an option be given without its argument? */
static inline bool setting_stands_alone(const struct setting *setting)
{
    return !setting->argument || setting->kind == SETTING_ANONYMOUS ||
           setting->kind == SETTING_WORDS;
}

/* Sets one value; false with a message that names the setting. */
bool config_set(struct config *config, const struct setting *setting, struct text value,
                char message[CONFIG_MESSAGE_SIZE]);
/* Sets a term of a group by "TERM=VALUE". */
bool config_set_term(struct terms *terms, struct text value);
/* Reads the file that --config names, then the other options over it, in whatever order they are.
 */
bool config_read(struct config *config, int argc, char **argv, const struct opener *opener,
                 struct config_request *request, char message[CONFIG_MESSAGE_SIZE]);
/* Reads ferryd.conf into `config`. */
bool config_read_file(struct config *config, const struct opener *opener, const char *file,
                      char message[CONFIG_MESSAGE_SIZE]);
/* Writes a message; always false, to be returned. */
bool config_complain(char message[CONFIG_MESSAGE_SIZE], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Grows an array by one zeroed element and returns it, or NULL. */
void *config_grow(void **array, size_t *count, size_t size);
bool config_copy_string(char **place, struct text value);
void config_clear_list(struct config_list *list);

#endif
