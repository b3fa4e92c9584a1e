/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settings: how its user wants ferry to be. One table holds every setting: its
 * name is the key of ferry.conf (connect_timeout), the option of the command
 * line (--connect-timeout) and what the shell's `set` takes. Values are plain:
 * a copy is made by assignment, for a bookmark that changes some for itself.
 *
 * No password is a setting; where one comes from may be (a command).
 * Pure but for settings_load; whoever shares one between threads does not
 * change it.
 */
#ifndef FERRY_CLIENT_SETTINGS_H
#define FERRY_CLIENT_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "client/safe_name.h"
#include "dtp/data_port.h"

enum {
    SETTINGS_MAX = 80,           /* rows */
    SETTINGS_NAME_SIZE = 32,     /* of a name, NUL included */
    SETTINGS_TEXT_SIZE = 1024,   /* of a text, NUL included */
    SETTINGS_MESSAGE_SIZE = 640, /* of one line for a person, NUL included */
};

enum settings_tls { SETTINGS_TLS_AUTO, SETTINGS_TLS_REQUIRE, SETTINGS_TLS_OFF };

/* What to do about a certificate that nobody vouches for, seen for the first time. */
enum settings_first_use {
    SETTINGS_FIRST_USE_ASK,
    SETTINGS_FIRST_USE_ACCEPT,
    SETTINGS_FIRST_USE_REFUSE
};

enum settings_data_connection {
    SETTINGS_DATA_AUTO,    /* passive, and active where that fails */
    SETTINGS_DATA_PASSIVE, /* EPSV, and PASV where that is not known */
    SETTINGS_DATA_PASV,
    SETTINGS_DATA_ACTIVE, /* EPRT, and PORT where that is not known */
    SETTINGS_DATA_PORT,
    SETTINGS_DATA_DEFAULT /* the port of the control connection, told to nobody (RFC 959 3.2) */
};

enum settings_family { SETTINGS_FAMILY_ANY, SETTINGS_FAMILY_IPV4, SETTINGS_FAMILY_IPV6 };
/* AUTO: the size; and by a digest what did not come in one piece, when the server has one. */
enum settings_verify {
    SETTINGS_VERIFY_AUTO,
    SETTINGS_VERIFY_SIZE,
    SETTINGS_VERIFY_HASH,
    SETTINGS_VERIFY_OFF
};
/* AUTO: where it makes sense: on a terminal; when the server can rename; bare names of devices. */
enum settings_when { SETTINGS_AUTO, SETTINGS_ON, SETTINGS_OFF };

struct settings {
    unsigned tls; /* enum settings_tls */
    bool tls_verify;
    bool tls_data;
    bool tls_clear_control;
    unsigned tls_first_use; /* enum settings_first_use */
    char tls_ca_file[SETTINGS_TEXT_SIZE];
    char tls_pins[SETTINGS_TEXT_SIZE]; /* trust_pins_parse reads it */
    char tls_certificate_file[SETTINGS_TEXT_SIZE];
    char tls_key_file[SETTINGS_TEXT_SIZE];
    unsigned data_connection; /* enum settings_data_connection */
    bool trust_passive_address;
    struct port_range active_ports; /* first 0: any */
    unsigned address_family;        /* enum settings_family */
    char source_address[SETTINGS_TEXT_SIZE];
    uint64_t connect_timeout_s;
    uint64_t reply_timeout_s;
    uint64_t data_timeout_s;
    uint64_t keep_alive_s; /* 0: no */
    uint64_t retries;
    uint64_t retry_delay_s;
    uint64_t retry_delay_max_s;
    uint64_t parallel;
    uint64_t segments;
    uint64_t download_rate; /* bytes in a second; 0: no limit; as the next */
    uint64_t upload_rate;
    bool resume;
    unsigned verify; /* enum settings_verify */
    bool keep_times;
    bool keep_modes;
    bool keep_links;
    unsigned upload_temporary; /* enum settings_when */
    unsigned portable_names;   /* likewise: settings_name_rule */
    bool share_data_connection;
    char mode;          /* 'S', 'B', 'C', 'Z' */
    char type;          /* 'I', 'A', 'E', 'L' */
    uint64_t byte_size; /* bits of a byte of type L */
    char form;          /* 'N', 'T', 'C' */
    char structure;     /* 'F', 'R', 'P' */
    char list_options[SETTINGS_TEXT_SIZE];
    char charset[SETTINGS_TEXT_SIZE];
    char ebcdic_code_page[SETTINGS_TEXT_SIZE];
    bool netrc;
    char netrc_file[SETTINGS_TEXT_SIZE];
    char password_command[SETTINGS_TEXT_SIZE];
    char proxy[SETTINGS_TEXT_SIZE];
    char proxy_password_command[SETTINGS_TEXT_SIZE];
    char prompt[SETTINGS_TEXT_SIZE];
    unsigned colour;   /* enum settings_when */
    unsigned progress; /* likewise */
    uint64_t history;  /* lines */
    uint64_t verbose; /* 0 errors, 1 what was done, 2 each file of a tree and replies, 3 commands */
    bool bell;
    bool lower_case; /* BSD's `case` */
    bool cr;
    bool glob;
    bool hash;
    uint64_t hash_bytes; /* for one mark */
    bool interactive;
    bool runique;
    bool sunique;
};

enum setting_kind {
    SETTING_FLAG,   /* bool: on or off; true, false, yes and no as well */
    SETTING_NUMBER, /* uint64_t, `min` to `max` */
    SETTING_SIZE,   /* likewise, with k, M, G or T behind it */
    SETTING_CHOICE, /* unsigned: which of `words` */
    SETTING_LETTER, /* char: one of `words` */
    SETTING_PORTS,  /* struct port_range: A-B, or nothing */
    SETTING_TEXT,   /* char[SETTINGS_TEXT_SIZE]: without control characters; may be empty */
};

struct setting {
    const char *name; /* borrowed: static, as all below */
    enum setting_kind kind;
    size_t offset; /* in struct settings */
    uint64_t min;
    uint64_t max;
    const char *words; /* with | between them; of a NUMBER its unit; of a TEXT what it is */
    const char *value; /* the default, as settings_set takes it */
    const char *alone; /* what the option means without a value; NULL: it must have one */
    const char *help;
    bool (*is_right)(struct text value); /* of a TEXT that is not empty; NULL: any is */
};

/* Ends with a NULL name; fewer than SETTINGS_MAX. */
extern const struct setting settings_rows[];

/* In any case, with - or _ between its words; NULL: no such setting. */
const struct setting *settings_find(struct text name);

/* The defaults. */
void settings_init(struct settings *settings);

/* Words in any case. False with a line in `message` that names the setting; nothing has changed. */
bool settings_set(struct settings *settings, struct text name, struct text value,
                  char message[SETTINGS_MESSAGE_SIZE]);
/* Appends its value as settings_set takes it. False: no such setting. */
bool settings_put(const struct settings *settings, struct text name, struct builder *b);
/* Which names of a server's may be names here (portable_names). */
enum safe_name_rule settings_name_rule(const struct settings *settings);
/* Appends what it takes: "auto, require or off". */
void settings_put_takes(const struct setting *setting, struct builder *b);

/*
 * Reads a file of NAME = VALUE over what is set, by libConfuse. False with a
 * line in `message` that begins with "FILE:LINE: "; nothing has changed then.
 * A file that is not ours or root's, or that others can write, is refused: it
 * names commands that we run. One thread at a time.
 */
bool settings_read_file(struct settings *settings, const char *path,
                        char message[SETTINGS_MESSAGE_SIZE]);
/* The defaults, and ferry.conf over them where there is one. Likewise. */
bool settings_load(struct settings *settings, char message[SETTINGS_MESSAGE_SIZE]);

#endif
