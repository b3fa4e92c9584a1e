/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_agent_serve.h"

#include <pthread.h>
#include <unistd.h>

#include "base/memory.h"
#include "store/store_agent_served.h"

enum {
    /* Connections at once, each with a thread: beyond it FAULT_BUSY. */
    CONNECTIONS_MAX = 2048,
    STACK_BYTES = 256 * 1024,
};

static void serve_object(struct served *served)
{
    while (!message_receive(served->socket, MESSAGE_WAIT_FOREVER, served->message)) {
        enum fault f = agent_handle(served);
        if (f)
            (void)agent_answer(served, f);
        if (message_send(served->socket, served->message))
            break;
    }
}

/* What comes through a door, or from whoever began all this, is one connection a message. */
static void serve_door(struct agent *agent, int socket, struct message *message,
                       enum object_kind kind)
{
    const struct served object = {.kind = kind};
    while (!message_receive(socket, MESSAGE_WAIT_FOREVER, message)) {
        int connection = message_take_fd(message);
        if (connection >= 0)
            (void)agent_serve_on(agent, connection, &object);
    }
}

/* The server is gone, or gave an upload up without a word: what arrived may be gone on with. */
static void end_object(const struct served *object)
{
    if (object->upload)
        (void)object->upload->type->abandon(object->upload, true);
    if (object->directory)
        object->directory->type->close(object->directory);
}

static void leave(struct agent *agent)
{
    pthread_mutex_lock(&agent->lock);
    agent->connections--;
    pthread_cond_signal(&agent->gone);
    pthread_mutex_unlock(&agent->lock);
}

static bool enter(struct agent *agent)
{
    pthread_mutex_lock(&agent->lock);
    bool has_room = agent->connections < CONNECTIONS_MAX;
    if (has_room)
        agent->connections++;
    pthread_mutex_unlock(&agent->lock);
    return has_room;
}

static void free_served(struct served *served)
{
    end_object(served);
    close(served->socket);
    message_free(served->message);
    memory_free(served);
}

static void *run_served(void *argument)
{
    struct served *served = argument;
    struct agent *agent = served->agent;
    if (served->kind == OBJECT_DOOR)
        serve_door(agent, served->socket, served->message, OBJECT_STORE);
    else
        serve_object(served);
    free_served(served);
    leave(agent);
    return NULL;
}

static enum fault start(struct served *served)
{
    pthread_t thread;
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, STACK_BYTES);
    pthread_attr_setdetachstate(&small, PTHREAD_CREATE_DETACHED);
    int failed = pthread_create(&thread, &small, run_served, served);
    pthread_attr_destroy(&small);
    return failed ? FAULT_BUSY : FAULT_NONE;
}

/* Takes over the socket and what is in `object`; ends both on a fault. */
enum fault agent_serve_on(struct agent *agent, int socket, const struct served *object)
{
    struct served *served = memory_new(sizeof(*served));
    struct message *message = message_new();
    bool has_memory = served && message;
    if (!has_memory || !enter(agent)) {
        end_object(object);
        close(socket);
        message_free(message);
        memory_free(served);
        return has_memory ? FAULT_BUSY : FAULT_NO_MEMORY;
    }
    *served = *object;
    served->agent = agent;
    served->socket = socket;
    served->message = message;
    enum fault f = start(served);
    if (f) {
        free_served(served);
        leave(agent);
    }
    return f;
}

void store_agent_serve(int socket, struct store *store, enum fault why_not)
{
    struct agent agent = {.store = store, .why_not = why_not};
    struct message *message = message_new();
    if (!message)
        return;
    pthread_mutex_init(&agent.lock, NULL);
    pthread_cond_init(&agent.gone, NULL);
    serve_door(&agent, socket, message, OBJECT_DOOR);
    message_free(message);
    pthread_mutex_lock(&agent.lock);
    while (agent.connections)
        pthread_cond_wait(&agent.gone, &agent.lock);
    pthread_mutex_unlock(&agent.lock);
    pthread_cond_destroy(&agent.gone);
    pthread_mutex_destroy(&agent.lock);
}
