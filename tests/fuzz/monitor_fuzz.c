/* SPDX-License-Identifier: Apache-2.0 */
/* monitor/monitor_form: what the monitor takes from a server that anybody may have got hold of is
 * within its limits, and is what putting it again would give. */
#include "monitor/monitor_form.h"
#include "tests/fuzz/fuzz.h"

static void check_request(struct message *message, struct message *again)
{
    struct monitor_request request;
    struct monitor_request back;
    if (monitor_take_request(message, &request))
        return;
    bool is_file = request.kind == MONITOR_OPEN_FILE;
    PROMISE(is_file || request.endpoint.any.sa_family == AF_INET ||
            request.endpoint.any.sa_family == AF_INET6);
    if (is_file) {
        PROMISE(request.file < MONITOR_FILES_MAX);
        monitor_put_open(again, request.file);
    } else if (request.kind == MONITOR_BIND) {
        monitor_put_bind(again, &request.endpoint);
    } else {
        PROMISE(request.name[0] && strlen(request.name) < MONITOR_NAME_SIZE);
        PROMISE(strlen(request.password) < MONITOR_PASSWORD_SIZE);
        monitor_put_login(again, text_of(request.name), text_of(request.password),
                          &request.endpoint);
    }
    PROMISE(!monitor_take_request(again, &back) && back.kind == request.kind);
    PROMISE(is_file ? back.file == request.file
                    : endpoint_same_host(&back.endpoint, &request.endpoint));
}

static void check_settings(struct message *message, struct message *again)
{
    static struct monitor_settings settings;
    static struct monitor_settings back;
    if (monitor_take_settings(message, &settings))
        return;
    PROMISE(settings.file_count <= MONITOR_FILES_MAX);
    monitor_put_settings(again, &settings);
    PROMISE(!monitor_take_settings(again, &back) && back.file_count == settings.file_count);
}

static void check_person(struct message *message)
{
    static struct monitor_person person;
    if (monitor_take_person(message, &person))
        return;
    PROMISE(person.group_count <= MONITOR_GROUPS_MAX);
    PROMISE(memchr(person.name, '\0', sizeof(person.name)) != NULL);
    PROMISE(memchr(person.home, '\0', sizeof(person.home)) != NULL);
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
    check_request(&message, &again);
    message.at = 0;
    message.is_wrong = false;
    check_settings(&message, &again);
    message.at = 0;
    message.is_wrong = false;
    check_person(&message);
    return 0;
}
