/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/monitor_form.h"

/* ---- Settings ------------------------------------------------------------------ */

void monitor_put_settings(struct message *message, const struct monitor_settings *settings)
{
    message_begin(message);
    message_put_text(message, text_of(settings->service));
    message_put_text(message, text_of(settings->root));
    message_put_number(message, settings->first_user);
    message_put_number(message, settings->any_shell);
    for (size_t i = 0; i < MONITOR_PORTS_MAX; i++)
        message_put_number(message, settings->ports[i]);
    message_put_number(message, settings->file_count);
    for (size_t i = 0; i < settings->file_count; i++)
        message_put_text(message, text_of(settings->files[i]));
}

enum fault monitor_take_settings(struct message *message, struct monitor_settings *ret_settings)
{
    ret_settings->service = message_take_string(message, MONITOR_SERVICE_SIZE);
    ret_settings->root = message_take_string(message, MONITOR_PATH_SIZE);
    ret_settings->first_user = message_take_number(message, UINT32_MAX);
    ret_settings->any_shell = message_take_flag(message);
    for (size_t i = 0; i < MONITOR_PORTS_MAX; i++)
        ret_settings->ports[i] = message_take_number(message, UINT16_MAX);
    ret_settings->file_count = (size_t)message_take_number(message, MONITOR_FILES_MAX);
    for (size_t i = 0; i < ret_settings->file_count; i++)
        ret_settings->files[i] = message_take_string(message, MONITOR_PATH_SIZE);
    return message_is_read(message) ? FAULT_NONE : FAULT_MALFORMED;
}

/* ---- Requests -------------------------------------------------------------------- */

static void put_endpoint(struct message *message, const union endpoint *endpoint)
{
    char bytes[ENDPOINT_TEXT_SIZE];
    struct builder host = builder_on(bytes, sizeof(bytes));
    endpoint_put_host(endpoint, &host);
    message_put_text(message, builder_text(&host));
    message_put_number(message, endpoint_port(endpoint));
}

static void take_endpoint(struct message *message, union endpoint *ret_endpoint)
{
    struct text host = message_take_text(message, ENDPOINT_TEXT_SIZE);
    uint16_t port = (uint16_t)message_take_number(message, UINT16_MAX);
    if (!endpoint_parse_host(host, port, ret_endpoint))
        message->is_wrong = true;
}

void monitor_put_login(struct message *message, struct text name, struct text password,
                       const union endpoint *peer)
{
    message_begin(message);
    message_put_number(message, MONITOR_AUTHENTICATE);
    put_endpoint(message, peer);
    message_put_text(message, name);
    message_put_text(message, password);
}

void monitor_put_bind(struct message *message, const union endpoint *local)
{
    message_begin(message);
    message_put_number(message, MONITOR_BIND);
    put_endpoint(message, local);
}

void monitor_put_open(struct message *message, size_t file)
{
    message_begin(message);
    message_put_number(message, MONITOR_OPEN_FILE);
    message_put_number(message, file);
}

/* Nothing that a line of the log, a path or a PAM module could take for something else. */
static bool is_user_name(const char *name)
{
    if (!name[0] || name[0] == '-')
        return false;
    for (const char *c = name; *c; c++)
        if ((unsigned char)*c <= ' ' || *c == 0x7f || *c == '/' || *c == ':')
            return false;
    return true;
}

enum fault monitor_take_request(struct message *message, struct monitor_request *ret_request)
{
    struct monitor_request request = {
        .kind = (enum monitor_request_kind)message_take_number(message, MONITOR_REQUEST_COUNT - 1)};
    if (request.kind == MONITOR_OPEN_FILE)
        request.file = (size_t)message_take_number(message, MONITOR_FILES_MAX - 1);
    else
        take_endpoint(message, &request.endpoint);
    if (request.kind == MONITOR_AUTHENTICATE) {
        request.name = message_take_string(message, MONITOR_NAME_SIZE);
        request.password = message_take_string(message, MONITOR_PASSWORD_SIZE);
        if (!is_user_name(request.name))
            message->is_wrong = true;
    }
    if (message->is_wrong || message->at != message->len)
        return FAULT_MALFORMED;
    *ret_request = request;
    return FAULT_NONE;
}

/* ---- Persons ------------------------------------------------------------------------ */

void monitor_put_person(struct message *message, const struct monitor_person *person)
{
    message_put_number(message, person->uid);
    message_put_number(message, person->gid);
    message_put_number(message, person->group_count);
    for (size_t i = 0; i < person->group_count; i++)
        message_put_number(message, person->groups[i]);
    message_put_text(message, text_of(person->name));
    message_put_text(message, text_of(person->home));
}

static void take_copy(struct message *message, char *to, size_t size)
{
    const char *from = message_take_string(message, size);
    memcpy(to, from, strlen(from) + 1);
}

enum fault monitor_take_person(struct message *message, struct monitor_person *ret_person)
{
    ret_person->uid = (uid_t)message_take_number(message, UINT32_MAX);
    ret_person->gid = (gid_t)message_take_number(message, UINT32_MAX);
    ret_person->group_count = (size_t)message_take_number(message, MONITOR_GROUPS_MAX);
    for (size_t i = 0; i < ret_person->group_count; i++)
        ret_person->groups[i] = (gid_t)message_take_number(message, UINT32_MAX);
    take_copy(message, ret_person->name, sizeof(ret_person->name));
    take_copy(message, ret_person->home, sizeof(ret_person->home));
    return message->is_wrong ? FAULT_MALFORMED : FAULT_NONE;
}

bool monitor_expand_root(const char *root, const struct monitor_person *person, struct builder *b)
{
    for (const char *c = root; *c; c++) {
        if (*c != '%') {
            builder_put_byte(b, *c);
            continue;
        }
        c++;
        if (*c == 'h')
            builder_put_string(b, person->home);
        else if (*c == 'u')
            builder_put_string(b, person->name);
        else if (*c == '%')
            builder_put_byte(b, '%');
        else
            return false;
    }
    builder_end(b);
    return !b->full && b->len && b->at[0] == '/';
}
