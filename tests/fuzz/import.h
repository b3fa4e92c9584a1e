/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What importing promises of any bytes, whatever the format: a whole list or
 * none, names that may be stored, roots that are normal, and no record that is
 * refused or disabled without a remark.
 */
#ifndef FERRY_TESTS_FUZZ_IMPORT_H
#define FERRY_TESTS_FUZZ_IMPORT_H

#include "account/password.h"
#include "admin/import.h"
#include "tests/fuzz/fuzz.h"

static void check_user(const struct import_record *record)
{
    const struct account *user = record->user;
    PROMISE(!user->root || (user->root[0] == '/' && user->root[1] && !strstr(user->root, "/../")));
    PROMISE(!user->password || record->is_clear || password_hash_is_usable(user->password));
    PROMISE(!record->is_clear || user->password);
}

static void check_record(const struct import_record *record)
{
    PROMISE(!record->is_refused || record->remark);
    PROMISE(record->is_refused || account_name_is_valid(import_record_name(record)));
    PROMISE(!record->remark || strlen(record->remark) < IMPORT_REMARK_MAX);
    if (record->user)
        check_user(record);
}

static int check_import(enum import_format format, const uint8_t *data, size_t size)
{
    char message[IMPORT_MESSAGE_SIZE] = "";
    struct import_list list = {.fault = FAULT_NONE};
    const struct text bytes = {(const char *)data, size};
    const struct import_source source = {format, bytes, bytes};
    enum fault f = import_read(&source, &list, message);
    PROMISE(f != FAULT_ARGUMENT || *message);
    PROMISE(!f || !list.count);
    for (size_t i = 0; i < list.count; i++)
        check_record(list.records[i]);
    import_list_done(&list);
    return 0;
}

#endif
