/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_agent_form.h"

enum {
    MODE_MAX = 07777,
    ACCESS_MAX = STORE_MAY_SEARCH | STORE_MAY_WRITE | STORE_MAY_READ | STORE_MAY_ADD |
                 STORE_MAY_REMOVE,
    CHANGES_MAX = STORE_CHANGE_MODE | STORE_CHANGE_MODIFIED | STORE_CHANGE_CREATED,
    NANOSECONDS_MAX = 999999999,
};

void agent_put_time(struct message *message, const struct store_time *time)
{
    message_put_number(message, (uint64_t)time->seconds);
    message_put_number(message, time->nanoseconds);
}

struct store_time agent_take_time(struct message *message)
{
    struct store_time time = {.seconds = (int64_t)message_take_number(message, UINT64_MAX)};
    time.nanoseconds = (uint32_t)message_take_number(message, NANOSECONDS_MAX);
    return time;
}

void agent_put_info(struct message *message, const struct store_info *info)
{
    message_put_number(message, info->kind);
    message_put_number(message, (unsigned char)info->letter);
    message_put_number(message, info->mode);
    message_put_number(message, info->access);
    message_put_number(message, info->owner);
    message_put_number(message, info->group);
    message_put_number(message, info->links);
    message_put_number(message, info->size);
    message_put_number(message, info->device);
    message_put_number(message, info->file_number);
    agent_put_time(message, &info->modified);
    agent_put_time(message, &info->created);
    message_put_number(message, info->has_created);
}

/* A letter of ls -l, which is shown to users as it is. */
static char take_letter(struct message *message)
{
    char letter = (char)message_take_number(message, 'z');
    if (letter != '-' && letter != '?' && !(letter >= 'a' && letter <= 'z'))
        message->is_wrong = true;
    return letter;
}

void agent_take_info(struct message *message, struct store_info *ret_info)
{
    ret_info->kind = (enum store_kind)message_take_number(message, STORE_UNKNOWN);
    ret_info->letter = take_letter(message);
    ret_info->mode = (unsigned)message_take_number(message, MODE_MAX);
    ret_info->access = (unsigned)message_take_number(message, ACCESS_MAX);
    ret_info->owner = (unsigned)message_take_number(message, UINT32_MAX);
    ret_info->group = (unsigned)message_take_number(message, UINT32_MAX);
    ret_info->links = message_take_number(message, UINT64_MAX);
    ret_info->size = message_take_number(message, INT64_MAX);
    ret_info->device = message_take_number(message, UINT64_MAX);
    ret_info->file_number = message_take_number(message, UINT64_MAX);
    ret_info->modified = agent_take_time(message);
    ret_info->created = agent_take_time(message);
    ret_info->has_created = message_take_flag(message);
}

void agent_put_changes(struct message *message, const struct store_changes *changes)
{
    message_put_number(message, changes->mask);
    message_put_number(message, changes->mode);
    agent_put_time(message, &changes->modified);
    agent_put_time(message, &changes->created);
}

void agent_take_changes(struct message *message, struct store_changes *ret_changes)
{
    ret_changes->mask = (unsigned)message_take_number(message, CHANGES_MAX);
    ret_changes->mode = (unsigned)message_take_number(message, MODE_MAX);
    ret_changes->modified = agent_take_time(message);
    ret_changes->created = agent_take_time(message);
}

void agent_put_kept(struct message *message, const struct store_kept *kept)
{
    message_put_number(message, kept->bytes);
    message_put_number(message, kept->annex_bytes);
    message_put_number(message, kept->id);
}

void agent_take_kept(struct message *message, struct store_kept *ret_kept)
{
    ret_kept->bytes = message_take_number(message, UINT64_MAX);
    ret_kept->annex_bytes = message_take_number(message, UINT64_MAX);
    ret_kept->id = message_take_number(message, UINT64_MAX);
}

void agent_put_upload_request(struct message *message, const struct store_upload_request *request)
{
    message_put_number(message, request->kind);
    message_put_number(message, request->offset);
    message_put_number(message, request->reserve_bytes);
    message_put_number(message, request->mode);
    message_put_number(message, request->direct);
    message_put_number(message, request->sync);
    message_put_number(message, request->goes_on);
    agent_put_kept(message, &request->kept);
    message_put_number(message, request->source_count);
    for (size_t i = 0; i < request->source_count; i++) {
        message_put_number(message, request->sources[i].device);
        message_put_number(message, request->sources[i].file_number);
    }
}

void agent_take_upload_request(struct message *message, struct store_info *sources,
                               struct store_upload_request *ret_request)
{
    ret_request->kind = (enum store_upload_kind)message_take_number(message, STORE_UNIQUE);
    ret_request->offset = message_take_number(message, UINT64_MAX);
    ret_request->reserve_bytes = message_take_number(message, UINT64_MAX);
    ret_request->mode = (unsigned)message_take_number(message, MODE_MAX);
    ret_request->direct = message_take_flag(message);
    ret_request->sync = message_take_flag(message);
    ret_request->goes_on = message_take_flag(message);
    agent_take_kept(message, &ret_request->kept);
    ret_request->sources = sources;
    ret_request->source_count = (size_t)message_take_number(message, AGENT_SOURCES_MAX);
    for (size_t i = 0; i < ret_request->source_count; i++) {
        sources[i].device = message_take_number(message, UINT64_MAX);
        sources[i].file_number = message_take_number(message, UINT64_MAX);
    }
}
