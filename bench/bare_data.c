/* SPDX-License-Identifier: Apache-2.0 */
/* Data connections, all passive, and a transfer from its command to its last reply. */
#include "bare.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"

enum { PIPES_KEPT = 16 };

bool data_listen(struct session *s)
{
    struct sockaddr_in local = {.sin_family = AF_INET};
    socklen_t len = sizeof(local);
    if (s->listener >= 0) {
        /* What an earlier command was to have and did not take: it failed. */
        for (int fd; s->is_awaited && (fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0;)
            close(fd);
        s->is_awaited = true;
        return true;
    }
    local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s->listener >= 0 && !bind(s->listener, (struct sockaddr *)&local, sizeof(local)) &&
        !listen(s->listener, 8) && !getsockname(s->listener, (struct sockaddr *)&local, &len)) {
        s->port = ntohs(local.sin_port);
        s->is_awaited = true;
        return true;
    }
    if (s->listener >= 0)
        close(s->listener);
    s->listener = -1;
    return false;
}

/* ---- Pipes ------------------------------------------------------------------------------- */

struct pipe *data_pipe(struct session *s)
{
    struct loop *loop = s->loop;
    struct pipe *pipe = loop->pipes;
    if (s->pipe)
        return s->pipe;
    if (pipe) {
        loop->pipes = pipe->next;
        loop->pipe_count--;
    } else {
        pipe = memory_new(sizeof(*pipe));
        if (!pipe || pipe2(pipe->ends, O_CLOEXEC | O_NONBLOCK) < 0) {
            memory_free(pipe);
            return NULL;
        }
        (void)fcntl(pipe->ends[1], F_SETPIPE_SZ, PIPE_BYTES); /* or as large as we may */
    }
    s->pipe = pipe;
    return pipe;
}

/* An empty one is good for the next transfer. */
static void drop_pipe(struct session *s)
{
    struct loop *loop = s->loop;
    struct pipe *pipe = s->pipe;
    s->pipe = NULL;
    if (!pipe)
        return;
    if (!pipe->len && loop->pipe_count < PIPES_KEPT) {
        pipe->next = loop->pipes;
        loop->pipes = pipe;
        loop->pipe_count++;
        return;
    }
    close(pipe->ends[0]);
    close(pipe->ends[1]);
    memory_free(pipe);
}

/* ---- A transfer ---------------------------------------------------------------------------- */

void data_drop(struct session *s)
{
    tls_free(s->data_tls);
    s->data_tls = NULL;
    if (s->data >= 0)
        close(s->data);
    if (s->file >= 0)
        close(s->file);
    s->data = s->file = -1;
    if (s->listing) {
        listing_end(s->listing);
        if (s->loop->spare)
            memory_free(s->listing);
        else
            s->loop->spare = s->listing;
        s->listing = NULL;
    }
    drop_pipe(s);
    s->watched = 0;
    s->move = MOVE_NONE;
}

static void tell_150(struct session *s)
{
    if (!s->is_told)
        control_reply(s, TEXT("150 here\r\n"));
    s->is_told = true;
}

static void end(struct session *s, bool is_moved)
{
    data_drop(s);
    tell_150(s);
    control_reply(s, is_moved ? TEXT("226 done\r\n") : TEXT("426 failed\r\n"));
}

static void wait_for_data(struct session *s, int events)
{
    tell_150(s);
    if (s->watched != events)
        loop_watch(s, s->data, ROLE_DATA, s->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD,
                   (uint32_t)events);
    s->watched = (uint8_t)events;
}

static void move(struct session *s)
{
    int step = move_step(s);
    if (step == MOVED_ALL || step == MOVED_FAILED)
        end(s, step == MOVED_ALL);
    else
        wait_for_data(s, step);
}

/* A client has connected when it sends the command: most are there at once, without epoll. */
static void take_connection(struct session *s)
{
    s->data = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (s->data < 0) {
        tell_150(s);
        loop_watch(s, s->listener, ROLE_LISTENER,
                   s->is_listener_watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, EPOLLIN | EPOLLONESHOT);
        s->is_listener_watched = true;
        return;
    }
    s->is_awaited = false;
    s->data_tls = s->is_private ? tls_begin(s, s->data, true) : NULL;
    if (s->is_private && !s->data_tls)
        end(s, false);
    else if (s->move == MOVE_RECEIVE)
        wait_for_data(s, EPOLLIN); /* a client sends when it has read the 150 */
    else
        move(s);
}

void data_begin(struct session *s, enum move move)
{
    s->move = (uint8_t)move;
    s->is_told = false;
    s->at = 0;
    if (s->listener >= 0) {
        take_connection(s);
        return;
    }
    data_drop(s);
    control_reply(s, TEXT("425 no\r\n"));
}

void data_on_listener(struct session *s)
{
    if (s->move == MOVE_NONE || s->data >= 0)
        return;
    take_connection(s);
    if (s->move == MOVE_NONE)
        control_go_on(s);
}

void data_on_event(struct session *s)
{
    if (s->move == MOVE_NONE || s->data < 0)
        return;
    move(s);
    if (s->move == MOVE_NONE)
        control_go_on(s);
}
