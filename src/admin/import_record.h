/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import_record: making records, for the readers of each format. Out of memory
 * is noted in the list and looked at once, at the end. A NULL record (there was
 * no memory for it) is accepted by all and left alone.
 */
#ifndef FERRY_ADMIN_IMPORT_RECORD_H
#define FERRY_ADMIN_IMPORT_RECORD_H

#include "admin/import.h"
#include "base/action.h"

/* A new one at the end of the list; refused from the start when the name is none. */
struct import_record *import_add(struct import_list *list, enum import_kind kind, struct text name,
                                 size_t line);

/* Something has no counterpart here. */
void import_remark(struct import_record *record, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A limit cannot be read or kept: nobody gets in by this record until somebody has looked. */
void import_doubt(struct import_record *record, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* It cannot be brought over. */
void import_refuse(struct import_record *record, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A term, in doubt when the text makes no sense to it or to the policy. */
void import_term(struct import_record *record, enum term term, struct text value);
void import_term_number(struct import_record *record, enum term term, uint64_t number);
void import_term_flag(struct import_record *record, enum term term);
/* Seconds since 1970. */
void import_term_date(struct import_record *record, enum term term, uint64_t seconds);
/* Each text between separators. */
void import_term_list(struct import_record *record, enum term term, struct text values,
                      char separator);

/* A path is denied, or allowed, actions (a mask of 1 << ACTION_…): "deny write,delete /pub/ **". */
void import_rule(struct import_record *record, bool allow, unsigned actions, struct text directory);
/* All that rules are about. */
unsigned import_all_actions(void);

/* A hash, or `is_clear`. One that cannot be verified here is a remark. */
void import_password(struct import_record *record, struct text password, bool is_clear);
/* A directory of this machine; a remark when it is none that could be. */
void import_root(struct import_record *record, struct text path);
void import_membership(struct import_record *record, struct text group);
void import_mount(struct import_record *record, struct text folder, struct text at);

/* ---- The readers: FAULT_ARGUMENT with a message when the whole makes no sense ---------------- */

enum fault import_shadow(const struct import_source *source, struct import_list *list,
                         char message[IMPORT_MESSAGE_SIZE]);
enum fault import_puredb(const struct import_source *source, struct import_list *list,
                         char message[IMPORT_MESSAGE_SIZE]);
enum fault import_proftpd(const struct import_source *source, struct import_list *list,
                          char message[IMPORT_MESSAGE_SIZE]);
enum fault import_vsftpd(const struct import_source *source, struct import_list *list,
                         char message[IMPORT_MESSAGE_SIZE]);
enum fault import_filezilla(const struct import_source *source, struct import_list *list,
                            char message[IMPORT_MESSAGE_SIZE]);
enum fault import_sftpgo(const struct import_source *source, struct import_list *list,
                         char message[IMPORT_MESSAGE_SIZE]);

/* Writes one; always FAULT_ARGUMENT, to be returned. */
enum fault import_complain(char message[IMPORT_MESSAGE_SIZE], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
