/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import: the accounts of other servers, read from what they keep them in
 * (docs/import.md). Reading is pure; import_put.c stores what was read.
 *
 * Nothing is dropped in silence and nobody comes in with more than they had: what
 * has no counterpart here is a remark on its record, a limit that cannot be read
 * or kept is a remark and a user who is disabled, and who cannot be brought over
 * at all is a record that is refused.
 */
#ifndef FERRY_ADMIN_IMPORT_H
#define FERRY_ADMIN_IMPORT_H

#include "account/account.h"

/* name, word in requests and options, reader (import_record.h) */
#define IMPORT_FORMAT_LIST(X)                                                                      \
    X(SHADOW, "shadow", import_shadow)                                                             \
    X(PUREDB, "puredb", import_puredb)                                                             \
    X(PROFTPD, "proftpd", import_proftpd)                                                          \
    X(VSFTPD, "vsftpd", import_vsftpd)                                                             \
    X(FILEZILLA, "filezilla", import_filezilla)                                                    \
    X(SFTPGO, "sftpgo", import_sftpgo)

enum import_format {
#define IMPORT_ENUMERATOR(name, word, read) IMPORT_##name,
    IMPORT_FORMAT_LIST(IMPORT_ENUMERATOR)
#undef IMPORT_ENUMERATOR
        IMPORT_FORMAT_COUNT
};

enum {
    IMPORT_BYTES_MAX = 16 * 1024 * 1024,
    IMPORT_RECORDS_MAX = 100000,
    IMPORT_REMARK_MAX = 2048,
    IMPORT_MESSAGE_SIZE = 256,
};

struct import_source {
    enum import_format format;
    struct text bytes;
    struct text passwd; /* of SHADOW: the /etc/passwd beside it, for the homes; else empty */
};

enum import_kind { IMPORT_FOLDER, IMPORT_GROUP, IMPORT_USER };

struct import_record {
    enum import_kind kind;
    struct account *user;          /* owned; NULL unless it is one, as the next two */
    struct account_group *group;   /* owned */
    struct account_folder *folder; /* owned */
    size_t line;                   /* where it begins; 0: the format has no lines */
    char *remark;                  /* owned; NULL: all of it was brought over */
    bool is_refused;               /* not to be stored; the remark says why */
    bool is_clear;                 /* the password is no hash yet */
    struct import_list *list;      /* borrowed: the one it is in */
};

struct import_list {
    struct import_record **records; /* owned array of owned records */
    size_t count;
    enum fault fault; /* FAULT_NO_MEMORY, FAULT_TOO_LARGE: the list is not whole */
};

bool import_format_find(struct text word, enum import_format *ret_format);

/*
 * FAULT_ARGUMENT with a message when the whole is not of that format,
 * FAULT_TOO_LARGE, FAULT_NO_MEMORY. Free the list with import_list_done.
 */
enum fault import_read(const struct import_source *source, struct import_list *ret_list,
                       char message[IMPORT_MESSAGE_SIZE]);
void import_list_done(struct import_list *list);

/* Appends what came from the file as text: other bytes than UTF-8, and controls, are "?". */
void import_put_shown(struct builder *b, struct text t);
/* "alice", of whatever kind. */
struct text import_record_name(const struct import_record *record);

#endif
