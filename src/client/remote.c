/* SPDX-License-Identifier: Apache-2.0 */
#include "client/remote.h"

#include <errno.h>
#include <stdio.h>

#include "client/local_file.h"
#include "client/user_dtp.h"

enum fault remote_open(struct user_pi *pi, const struct url *url)
{
    enum fault f = user_pi_open(pi, url->host, url->port);
    if (f)
        return f;
    bool anonymous = !url->user[0];
    f = user_pi_login(pi, anonymous ? "anonymous" : url->user,
                      anonymous ? "ferry@" : url->password);
    if (f)
        user_pi_close(pi);
    return f;
}

void remote_close(struct user_pi *pi)
{
    if (pi->fd >= 0)
        (void)user_pi_command(pi, "QUIT", NULL);
    user_pi_close(pi);
}

static enum fault set_type(struct user_pi *pi, bool text, struct parameters *ret_parameters)
{
    enum fault f = user_pi_command(pi, "TYPE", text ? "A" : "I");
    if (!f)
        f = user_pi_fault(pi);
    *ret_parameters = PARAMETERS_DEFAULT;
    ret_parameters->type = text ? TYPE_ASCII : TYPE_IMAGE;
    return f;
}

/* Only what is no default is asked for: servers that know nothing else are most. */
static enum fault set_mode(struct user_pi *pi, char mode, struct parameters *parameters)
{
    const char argument[] = {mode, '\0'};
    if (mode == MODE_STREAM)
        return FAULT_NONE;
    enum fault f = user_pi_command(pi, "MODE", argument);
    parameters->mode = mode;
    return f ? f : user_pi_fault(pi);
}

enum fault remote_get(struct user_pi *pi, const struct url *url, char mode, const char *local)
{
    struct parameters parameters;
    struct stream *file = NULL;
    enum fault f = set_type(pi, url->type == 'A', &parameters);
    if (!f)
        f = set_mode(pi, mode, &parameters);
    if (!f)
        f = local_file_create(local, &file);
    if (!f)
        f = user_dtp_transfer(pi, USER_DTP_FETCH, "RETR", url->path, &parameters, file);
    if (!f)
        return local_file_publish(&file);
    stream_close(&file);
    return f;
}

enum fault remote_put(struct user_pi *pi, const char *local, const struct url *url, char mode)
{
    struct parameters parameters;
    struct stream *file = NULL;
    enum fault f = set_type(pi, url->type == 'A', &parameters);
    if (!f)
        f = set_mode(pi, mode, &parameters);
    if (!f)
        f = local_file_open(local, &file);
    if (!f)
        f = user_dtp_transfer(pi, USER_DTP_SEND, "STOR", url->path, &parameters, file);
    stream_close(&file);
    return f;
}

/* ---- Listings --------------------------------------------------------------------- */

/* A name may hold what moves the cursor or worse: it is shown as a question mark. */
static enum fault terminal_write(struct stream *stream, const void *bytes, size_t len)
{
    const unsigned char *at = bytes;
    (void)stream;
    for (size_t i = 0; i < len; i++) {
        bool control = (at[i] < ' ' && at[i] != '\n' && at[i] != '\t') || at[i] == 0x7F;
        if (putchar(control ? '?' : at[i]) == EOF)
            return fault_from_errno(errno);
    }
    return FAULT_NONE;
}

static void terminal_close(struct stream *stream)
{
    (void)stream;
}

enum fault remote_list(struct user_pi *pi, const struct url *url)
{
    static const struct stream_type type = {.write = terminal_write, .close = terminal_close};
    struct stream terminal = {.type = &type, .fd = -1};
    struct parameters parameters;
    enum fault f = set_type(pi, true, &parameters);
    if (!f)
        f = user_dtp_transfer(pi, USER_DTP_FETCH, "LIST", url->path[0] ? url->path : NULL,
                              &parameters, &terminal);
    return f;
}
