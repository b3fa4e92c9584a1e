/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/import.h"

#include "admin/import_record.h"
#include "base/memory.h"

struct format_row {
    const char *word; /* borrowed: static text */
    enum fault (*read)(const struct import_source *source, struct import_list *list,
                       char message[IMPORT_MESSAGE_SIZE]);
};

static const struct format_row rows[IMPORT_FORMAT_COUNT] = {
#define FORMAT_ROW(name, word, read) [IMPORT_##name] = {word, read},
    IMPORT_FORMAT_LIST(FORMAT_ROW)
#undef FORMAT_ROW
};

bool import_format_find(struct text word, enum import_format *ret_format)
{
    for (unsigned format = 0; format < IMPORT_FORMAT_COUNT; format++) {
        if (text_equal(word, text_of(rows[format].word))) {
            *ret_format = (enum import_format)format;
            return true;
        }
    }
    return false;
}

enum fault import_read(const struct import_source *source, struct import_list *ret_list,
                       char message[IMPORT_MESSAGE_SIZE])
{
    struct import_list list = {.fault = FAULT_NONE};
    if (source->bytes.len > IMPORT_BYTES_MAX || source->passwd.len > IMPORT_BYTES_MAX)
        return FAULT_TOO_LARGE;
    enum fault f = rows[source->format].read(source, &list, message);
    if (!f)
        f = list.fault;
    if (f) {
        import_list_done(&list);
        return f;
    }
    for (size_t i = 0; i < list.count; i++)
        list.records[i]->list = ret_list;
    *ret_list = list;
    return FAULT_NONE;
}

void import_list_done(struct import_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        struct import_record *record = list->records[i];
        account_free(record->user);
        account_group_free(record->group);
        account_folder_free(record->folder);
        memory_free(record->remark);
        memory_free(record);
    }
    memory_free(list->records);
    *list = (struct import_list){0};
}

struct text import_record_name(const struct import_record *record)
{
    if (record->user)
        return text_of(record->user->name);
    return text_of(record->group ? record->group->name : record->folder->name);
}
