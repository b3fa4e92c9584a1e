/* SPDX-License-Identifier: Apache-2.0 */
/* store/store_agent_form: what is taken from a process that a user may have got hold of is within
 * its limits, and is what putting it again would give. */
#include "store/store_agent_form.h"
#include "tests/fuzz/fuzz.h"

static void check_info(struct message *message, struct message *again)
{
    struct store_info info;
    size_t at = message->at;
    agent_take_info(message, &info);
    if (message->is_wrong)
        return;
    PROMISE(info.kind <= STORE_UNKNOWN && info.size <= INT64_MAX && !(info.mode & ~07777U));
    PROMISE(info.letter > ' ' && info.modified.nanoseconds < 1000000000);
    agent_put_info(again, &info);
    PROMISE(again->len == message->at - at);
    PROMISE(!memcmp(again->bytes, message->bytes + at, again->len));
}

static void check_request(struct message *message)
{
    static struct store_info sources[AGENT_SOURCES_MAX];
    struct store_upload_request request;
    struct store_changes changes;
    const char *path = message_take_string(message, AGENT_PATH_SIZE);
    PROMISE(strlen(path) < AGENT_PATH_SIZE);
    agent_take_changes(message, &changes);
    agent_take_upload_request(message, sources, &request);
    PROMISE(request.source_count <= AGENT_SOURCES_MAX && request.kind <= STORE_UNIQUE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct message message = {.fd = -1};
    static struct message again = {.fd = -1};
    if (size > sizeof(message.bytes))
        return 0;
    message_begin(&message);
    message_begin(&again);
    memcpy(message.bytes, data, size);
    message.len = size;
    check_info(&message, &again);
    message.at = 0;
    message.is_wrong = false;
    check_request(&message);
    PROMISE(message.at <= message.len);
    return 0;
}
