/* SPDX-License-Identifier: Apache-2.0 */
/* The control connection: lines in, replies out. */
#include "bare.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"

/* A verb as one number: three or four letters in upper case. */
#define VERB(a, b, c, d)                                                                           \
    ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)

void control_reply(struct session *s, struct text lines)
{
    struct loop *loop = s->loop;
    if (lines.len > OUTPUT_BYTES - loop->output_len) {
        s->is_ending = true;
        return;
    }
    memcpy(loop->output + loop->output_len, lines.at, lines.len);
    loop->output_len += lines.len;
}

void control_flush(struct session *s)
{
    struct loop *loop = s->loop;
    size_t len = loop->output_len;
    loop->output_len = 0;
    if (!len)
        return;
    if (s->control_tls) {
        bool is_sealed = tls_write(s->control_tls, loop->output, len);
        if (s->is_ending)
            tls_finish(s->control_tls);
        if (!is_sealed || tls_ready(s->control_tls) != TLS_READY)
            s->is_ending = true;
    } else if (send(s->control, loop->output, len, 0) != (ssize_t)len) {
        s->is_ending = true;
    }
}

/* ---- Names ---------------------------------------------------------------------- */

/* Behind `len` bytes of the loop's path; how long it is then, PATH_BYTES: too long. */
static size_t add_part(char *path, size_t len, struct text part)
{
    if (!part.len || text_equal(part, TEXT(".")))
        return len;
    if (text_equal(part, TEXT(".."))) {
        while (len && path[--len] != '/')
            ;
        return len;
    }
    if (len + part.len + 2 > PATH_BYTES)
        return PATH_BYTES;
    if (len)
        path[len++] = '/';
    memcpy(path + len, part.at, part.len);
    return len + part.len;
}

/* "." and ".." by text alone, below the root; NULL: too long. */
static char *join(struct loop *loop, const char *directory, const char *name)
{
    size_t len = 0;
    struct text rest = text_of(name[0] != '/' ? directory : NULL);
    while (rest.len)
        len = add_part(loop->path, len, text_take_until(&rest, '/'));
    rest = text_of(name);
    while (rest.len && len < PATH_BYTES)
        len = add_part(loop->path, len, text_take_until(&rest, '/'));
    if (len >= PATH_BYTES)
        return NULL;
    loop->path[len] = '\0';
    return loop->path;
}

/* Of the argument below the root; valid until the next. NULL: too long. */
static const char *path_of(struct session *s, const char *name)
{
    if (!s->directory && !strstr(name, "..")) { /* as it stands */
        while (*name == '/')
            name++;
        return *name ? name : ".";
    }
    const char *path = join(s->loop, s->directory, name);
    return path && !*path ? "." : path;
}

/* ---- Verbs ------------------------------------------------------------------------ */

static void refuse(struct session *s)
{
    control_reply(s, TEXT("550 no\r\n"));
}

static void verb_ok(struct session *s, const char *argument)
{
    (void)argument;
    control_reply(s, TEXT("200 ok\r\n"));
}

static void verb_user(struct session *s, const char *argument)
{
    (void)argument;
    control_reply(s, TEXT("331 password\r\n"));
}

static void verb_pass(struct session *s, const char *argument)
{
    (void)argument;
    control_reply(s, TEXT("230 welcome\r\n"));
}

static void verb_quit(struct session *s, const char *argument)
{
    (void)argument;
    control_reply(s, TEXT("221 bye\r\n"));
    s->is_ending = true;
}

static void verb_syst(struct session *s, const char *argument)
{
    (void)argument;
    control_reply(s, TEXT("215 UNIX Type: L8\r\n"));
}

static void verb_feat(struct session *s, const char *argument)
{
    (void)argument;
    control_reply(s,
                  TEXT("211-Features\r\n AUTH TLS\r\n EPSV\r\n MDTM\r\n PASV\r\n PBSZ\r\n PROT\r\n"
                       " SIZE\r\n UTF8\r\n211 end\r\n"));
}

static void verb_pwd(struct session *s, const char *argument)
{
    char line[PATH_BYTES + 16];
    (void)argument;
    if (!s->directory) {
        control_reply(s, TEXT("257 \"/\"\r\n"));
        return;
    }
    struct builder b = builder_on(line, sizeof(line));
    builder_put(&b, TEXT("257 \"/"));
    builder_put_string(&b, s->directory);
    builder_put(&b, TEXT("\"\r\n"));
    control_reply(s, builder_text(&b));
}

static void verb_cwd(struct session *s, const char *argument)
{
    struct stat info;
    const char *path = join(s->loop, s->directory, argument);
    if (!path ||
        (*path && (fstatat(s->loop->root, path, &info, 0) < 0 || !S_ISDIR(info.st_mode)))) {
        refuse(s);
        return;
    }
    memory_free(s->directory);
    s->directory = *path ? memory_copy(path, strlen(path)) : NULL;
    control_reply(s, TEXT("250 ok\r\n"));
}

static void verb_cdup(struct session *s, const char *argument)
{
    (void)argument;
    verb_cwd(s, "..");
}

static void verb_size(struct session *s, const char *argument)
{
    struct stat info;
    char line[64];
    const char *path = path_of(s, argument);
    if (!path || fstatat(s->loop->root, path, &info, 0) < 0 || !S_ISREG(info.st_mode)) {
        refuse(s);
        return;
    }
    struct builder b = builder_on(line, sizeof(line));
    builder_put(&b, TEXT("213 "));
    builder_put_number(&b, (uint64_t)info.st_size);
    builder_put(&b, TEXT("\r\n"));
    control_reply(s, builder_text(&b));
}

static void verb_mdtm(struct session *s, const char *argument)
{
    struct stat info;
    struct tm tm;
    char line[64];
    const char *path = path_of(s, argument);
    if (!path || fstatat(s->loop->root, path, &info, 0) < 0 ||
        !gmtime_r(&info.st_mtim.tv_sec, &tm)) {
        refuse(s);
        return;
    }
    size_t len = strftime(line, sizeof(line), "213 %Y%m%d%H%M%S\r\n", &tm);
    control_reply(s, (struct text){line, len});
}

static void verb_dele(struct session *s, const char *argument)
{
    const char *path = path_of(s, argument);
    if (!path || unlinkat(s->loop->root, path, 0) < 0)
        refuse(s);
    else
        control_reply(s, TEXT("250 ok\r\n"));
}

/* ---- Verbs of data connections ------------------------------------------------------- */

static void verb_epsv(struct session *s, const char *argument)
{
    char line[64];
    (void)argument;
    if (!data_listen(s)) {
        control_reply(s, TEXT("425 no\r\n"));
        return;
    }
    struct builder b = builder_on(line, sizeof(line));
    builder_put(&b, TEXT("229 passive (|||"));
    builder_put_number(&b, s->port);
    builder_put(&b, TEXT("|)\r\n"));
    control_reply(s, builder_text(&b));
}

static void verb_pasv(struct session *s, const char *argument)
{
    char line[64];
    (void)argument;
    if (!data_listen(s)) {
        control_reply(s, TEXT("425 no\r\n"));
        return;
    }
    struct builder b = builder_on(line, sizeof(line));
    builder_put(&b, TEXT("227 passive (127,0,0,1,"));
    builder_put_number(&b, s->port >> 8);
    builder_put_byte(&b, ',');
    builder_put_number(&b, s->port & 255);
    builder_put(&b, TEXT(")\r\n"));
    control_reply(s, builder_text(&b));
}

static void move_file(struct session *s, const char *argument, int flags, enum move move)
{
    const char *path = path_of(s, argument);
    s->file = path ? openat(s->loop->root, path, flags | O_CLOEXEC, 0644) : -1;
    if (s->file < 0) {
        refuse(s);
        return;
    }
    data_begin(s, move);
}

static void verb_retr(struct session *s, const char *argument)
{
    move_file(s, argument, O_RDONLY, MOVE_SEND);
}

static void verb_stor(struct session *s, const char *argument)
{
    move_file(s, argument, O_WRONLY | O_CREAT | O_TRUNC, MOVE_RECEIVE);
}

static void move_listing(struct session *s, const char *argument, bool is_long)
{
    struct loop *loop = s->loop;
    const char *path = path_of(s, argument);
    int fd = path ? openat(loop->root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    s->listing = loop->spare ? loop->spare : memory_buffer(sizeof(*s->listing));
    loop->spare = NULL;
    if (fd < 0 || !s->listing) {
        loop->spare = s->listing;
        s->listing = NULL;
        refuse(s);
        return;
    }
    listing_begin(s->listing, fd, is_long);
    data_begin(s, MOVE_LIST);
}

static void verb_list(struct session *s, const char *argument)
{
    if (argument[0] == '-') { /* "-la" and the like change nothing */
        argument = strchrnul(argument, ' ');
        argument += *argument == ' ';
    }
    move_listing(s, argument, true);
}

static void verb_nlst(struct session *s, const char *argument)
{
    move_listing(s, argument, false);
}

/* ---- FTPS ------------------------------------------------------------------------------- */

static void verb_auth(struct session *s, const char *argument)
{
    (void)argument;
    if (s->control_tls) {
        control_reply(s, TEXT("503 no\r\n"));
        return;
    }
    control_reply(s, TEXT("234 begin\r\n"));
    control_flush(s);
    s->control_tls = tls_begin(s, s->control, false);
    if (!s->control_tls)
        s->is_ending = true;
}

static void verb_prot(struct session *s, const char *argument)
{
    s->is_private = s->control_tls && text_upper(argument[0]) == 'P';
    verb_ok(s, argument);
}

/* ---- Lines ------------------------------------------------------------------------------- */

/* Those that come often first: it is searched from its beginning. */
static const struct {
    uint32_t verb;
    void (*run)(struct session *s, const char *argument);
} verbs[] = {
    {VERB('E', 'P', 'S', 'V'), verb_epsv}, {VERB('R', 'E', 'T', 'R'), verb_retr},
    {VERB('S', 'T', 'O', 'R'), verb_stor}, {VERB('P', 'A', 'S', 'V'), verb_pasv},
    {VERB('N', 'O', 'O', 'P'), verb_ok},   {VERB('P', 'W', 'D', 0), verb_pwd},
    {VERB('T', 'Y', 'P', 'E'), verb_ok},   {VERB('U', 'S', 'E', 'R'), verb_user},
    {VERB('P', 'A', 'S', 'S'), verb_pass}, {VERB('Q', 'U', 'I', 'T'), verb_quit},
    {VERB('C', 'W', 'D', 0), verb_cwd},    {VERB('S', 'I', 'Z', 'E'), verb_size},
    {VERB('L', 'I', 'S', 'T'), verb_list}, {VERB('N', 'L', 'S', 'T'), verb_nlst},
    {VERB('M', 'D', 'T', 'M'), verb_mdtm}, {VERB('D', 'E', 'L', 'E'), verb_dele},
    {VERB('C', 'D', 'U', 'P'), verb_cdup}, {VERB('A', 'U', 'T', 'H'), verb_auth},
    {VERB('P', 'B', 'S', 'Z'), verb_ok},   {VERB('P', 'R', 'O', 'T'), verb_prot},
    {VERB('S', 'Y', 'S', 'T'), verb_syst}, {VERB('F', 'E', 'A', 'T'), verb_feat},
    {VERB('O', 'P', 'T', 'S'), verb_ok},   {VERB('S', 'T', 'R', 'U'), verb_ok},
    {VERB('M', 'O', 'D', 'E'), verb_ok},
};

/* `line` is NUL-terminated, and so is what is behind its end. */
static void obey(struct session *s, char *line)
{
    unsigned len = 0;
    uint32_t verb = 0;
    for (; len < 4 && line[len] > ' '; len++)
        verb |= (uint32_t)(unsigned char)text_upper(line[len]) << (8 * len);
    const char *argument = line + len + (line[len] == ' ');
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (verbs[i].verb == verb) {
            verbs[i].run(s, argument);
            return;
        }
    }
    control_reply(s, TEXT("502 no\r\n"));
}

/* All whole lines of the loop's input, or until a transfer takes time; how many bytes they had. */
static size_t obey_lines(struct session *s, size_t len)
{
    char *at = s->loop->input;
    char *end = at + len;
    while (s->move == MOVE_NONE && !s->is_ending) {
        char *newline = memchr(at, '\n', (size_t)(end - at));
        if (!newline)
            break;
        *newline = '\0';
        if (newline > at && newline[-1] == '\r')
            newline[-1] = '\0';
        obey(s, at);
        at = newline + 1;
    }
    return (size_t)(at - s->loop->input);
}

static void keep_partial(struct session *s, const char *at, size_t len)
{
    s->partial = memory_copy(at, len);
    s->partial_len = (uint32_t)len;
    if (!s->partial)
        s->is_ending = true;
}

/* Behind what was kept; false: nothing has come. */
static bool receive(struct session *s, size_t *len)
{
    size_t room = INPUT_BYTES - *len;
    char *to = s->loop->input + *len;
    ssize_t n = s->control_tls ? tls_read(s->control_tls, to, room) : recv(s->control, to, room, 0);
    if (n > 0)
        *len += (size_t)n;
    else if (s->control_tls ? n > TLS_WANTS_READ : n == 0 || errno != EAGAIN)
        s->is_ending = true;
    return n > 0;
}

/* What the loop's input begins with was kept; returns how much. */
static size_t take_partial(struct session *s)
{
    size_t len = s->partial_len;
    if (len)
        memcpy(s->loop->input, s->partial, len);
    memory_free(s->partial);
    s->partial = NULL;
    s->partial_len = 0;
    return len;
}

/* Obeys what there is and keeps what is left over. False: nothing has come. */
static bool work_once(struct session *s, bool is_reading)
{
    size_t len = take_partial(s);
    bool has_come = is_reading && receive(s, &len);
    size_t done = obey_lines(s, len);
    if (done == 0 && len == INPUT_BYTES)
        s->is_ending = true; /* no line is as long */
    if (done < len && !s->is_ending)
        keep_partial(s, s->loop->input + done, len - done);
    return has_come;
}

/* In the clear epoll tells again what is left; what TLS has read ahead it does not know. */
static void work(struct session *s)
{
    while (work_once(s, true) && s->control_tls && s->move == MOVE_NONE && !s->is_ending)
        ;
}

void control_on_event(struct session *s)
{
    if (s->move == MOVE_NONE) {
        work(s);
        return;
    }
    /* What comes while a transfer takes time is left where it is, unless the connection is lost. */
    s->is_ending = s->is_paused;
    s->is_paused = true;
    loop_watch(s, s->control, ROLE_CONTROL, EPOLL_CTL_MOD, 0);
}

void control_go_on(struct session *s)
{
    work_once(s, false);
    if (s->move != MOVE_NONE || s->is_ending)
        return;
    if (s->is_paused)
        loop_watch(s, s->control, ROLE_CONTROL, EPOLL_CTL_MOD, EPOLLIN);
    s->is_paused = false;
    if (s->control_tls)
        work(s);
}
