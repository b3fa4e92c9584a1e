/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_agent_link.h"

#include <unistd.h>

#include "base/memory.h"

enum fault agent_link_new(int socket, struct agent_link **ret_link)
{
    struct agent_link *link = memory_new(sizeof(*link));
    struct message *message = message_new();
    if (!link || !message) {
        memory_free(link);
        message_free(message);
        close(socket);
        return FAULT_NO_MEMORY;
    }
    link->socket = socket;
    link->message = message;
    *ret_link = link;
    return FAULT_NONE;
}

void agent_link_free(struct agent_link *link)
{
    if (!link)
        return;
    close(link->socket);
    message_free(link->message);
    memory_free(link);
}

struct message *agent_link_begin(struct agent_link *link, enum agent_request request)
{
    message_begin(link->message);
    message_put_number(link->message, request);
    return link->message;
}

enum fault agent_link_ask(struct agent_link *link, enum agent_wait wait)
{
    if (link->is_broken)
        return FAULT_IO;
    enum fault f = message_send(link->socket, link->message);
    if (f == FAULT_ARGUMENT) /* more than a message holds: nobody was asked */
        return f;
    if (!f)
        f = message_receive(link->socket, wait, link->message);
    if (f) {
        link->is_broken = true;
        return f == FAULT_TIMED_OUT ? FAULT_BUSY : FAULT_IO;
    }
    return (enum fault)message_take_number(link->message, FAULT_COUNT - 1);
}

enum fault agent_link_end(struct agent_link *link, enum fault f)
{
    if (f || message_is_read(link->message))
        return f;
    link->is_broken = true;
    return FAULT_IO;
}

enum fault agent_link_tell(struct agent_link *link, enum agent_wait wait)
{
    return agent_link_end(link, agent_link_ask(link, wait));
}

enum fault agent_link_attach(struct agent_link *link, int *ret_socket)
{
    int ends[2];
    enum fault f = message_connect(ends);
    if (f)
        return f;
    message_put_fd(link->message, ends[1]);
    *ret_socket = ends[0];
    return FAULT_NONE;
}
