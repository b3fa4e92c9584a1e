/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ftp_host_verbs: what a host of ftp_host.h does for one visitor: each command, on its tree, and
 * the data. For ftp_host.h alone.
 */
#ifndef FERRY_TESTS_FTP_HOST_VERBS_H
#define FERRY_TESTS_FTP_HOST_VERBS_H

#include <time.h>

#include "codec/digest.h"
#include "protocol/address.h"
#include "protocol/facts.h"
#include "tests/unit/ftp_host_tree.h"
#include "tests/unit/peers.h"

/* ---- Saying and hearing --------------------------------------------------------------- */

static void ftp_visit_send(int fd, const char *bytes, size_t len)
{
    while (len) {
        ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
        if (n <= 0)
            return; /* whoever went knows it */
        bytes += n;
        len -= (size_t)n;
    }
}

static void ftp_visit_say(const struct ftp_visit *visit, const char *reply)
{
    char line[FTP_HOST_LINE];
    int len = snprintf(line, sizeof(line), "%s\r\n", reply);
    ftp_visit_send(visit->control, line, (size_t)len);
}

/* A line without its end and what of Telnet is in it (RFC 854: a byte of all ones comes twice). */
static bool ftp_visit_hear(const struct ftp_visit *visit, char line[FTP_HOST_LINE])
{
    size_t len = 0;
    bool is_command = false; /* what comes next is one of Telnet's, or that byte itself */
    char byte;
    while (len < FTP_HOST_LINE - 1 && recv(visit->control, &byte, 1, 0) == 1) {
        bool is_iac = byte == '\377';
        if (byte == '\n' && !is_command) {
            line[len] = '\0';
            return true;
        }
        if (is_command ? is_iac : byte != '\r' && !is_iac)
            line[len++] = byte;
        is_command = is_iac && !is_command;
    }
    return false;
}

/* ---- Data ----------------------------------------------------------------------------- */

static void ftp_visit_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static int ftp_visit_accept(int listener)
{
    struct pollfd ready = {.fd = listener, .events = POLLIN};
    union endpoint peer;
    if (poll(&ready, 1, FTP_HOST_PATIENCE_S * 1000) != 1)
        return -1;
    int fd = socket_accept(listener, true, &peer);
    if (fd >= 0)
        socket_set_stall_timeout(fd, FTP_HOST_PATIENCE_S);
    return fd;
}

static bool ftp_visit_open_data(struct ftp_visit *visit)
{
    const struct patience patience = {FTP_HOST_PATIENCE_S * 1000, NULL};
    union endpoint local = peers_host("127.0.0.1", 0);
    if (visit->target.any.sa_family == AF_UNSPEC)
        visit->data = ftp_visit_accept(visit->data_listener);
    else if (socket_connect_within(&local, &visit->target, patience, &visit->data))
        visit->data = -1;
    visit->target.any.sa_family = AF_UNSPEC;
    return visit->data >= 0;
}

/* How many bytes the transfer that begins now moves before it breaks; SIZE_MAX: all. */
static size_t ftp_visit_limit(struct ftp_visit *visit)
{
    struct ftp_host *host = visit->host;
    pthread_mutex_lock(&host->lock);
    bool is_broken = host->breaks > 0;
    host->breaks -= is_broken;
    size_t limit = is_broken ? host->breaks_after : SIZE_MAX;
    pthread_mutex_unlock(&host->lock);
    return limit;
}

static const char *ftp_visit_verdict(struct ftp_visit *visit, bool is_broken)
{
    struct ftp_host *host = visit->host;
    pthread_mutex_lock(&host->lock);
    bool has_verdict = !is_broken && host->verdicts > 0;
    host->verdicts -= has_verdict;
    pthread_mutex_unlock(&host->lock);
    return has_verdict ? host->verdict : "226 Done";
}

/* In order, or broken off: then with what the host takes along. */
static void ftp_visit_end_data(struct ftp_visit *visit, bool is_broken)
{
    if (!is_broken || visit->host->breaks_in_order) {
        ftp_visit_close(&visit->data);
        ftp_visit_say(visit, ftp_visit_verdict(visit, is_broken));
        return;
    }
    const struct linger at_once = {.l_onoff = 1};
    (void)setsockopt(visit->data, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    ftp_visit_close(&visit->data);
    if (visit->host->takes_connection)
        (void)shutdown(visit->control, SHUT_RDWR);
    else
        ftp_visit_say(visit, "426 Broken");
}

/* All bytes are the peer's before it is broken off, so that it can be told how many it has. */
static void ftp_visit_await_acknowledged(const struct ftp_visit *visit)
{
    for (int i = 0; i < FTP_HOST_PATIENCE_S * 1000 && socket_unacknowledged(visit->data, false);
         i++)
        usleep(1000);
}

/* Without the lock. Frees `bytes`. */
static void ftp_visit_send_data(struct ftp_visit *visit, char *bytes, size_t len)
{
    size_t limit = ftp_visit_limit(visit);
    bool is_broken = limit < len;
    ftp_visit_say(visit, "150 Here");
    if (!ftp_visit_open_data(visit)) {
        ftp_visit_say(visit, "425 Nobody there");
    } else {
        ftp_visit_send(visit->data, bytes, is_broken ? limit : len);
        if (is_broken)
            ftp_visit_await_acknowledged(visit);
        ftp_visit_end_data(visit, is_broken);
    }
    free(bytes);
}

/* Waits for data: is it a word of the client's that comes, ABOR or its end? */
static bool ftp_visit_has_word(const struct ftp_visit *visit)
{
    struct pollfd ready[] = {{.fd = visit->data, .events = POLLIN},
                             {.fd = visit->control, .events = POLLIN}};
    (void)poll(ready, 2, FTP_HOST_PATIENCE_S * 1000);
    return !ready[0].revents;
}

/* Without the lock: to the end of the node of that path. */
static void ftp_visit_receive_data(struct ftp_visit *visit, const char *path)
{
    struct ftp_host *host = visit->host;
    char piece[FTP_HOST_PIECE];
    size_t limit = ftp_visit_limit(visit);
    ssize_t n = 0;
    ftp_visit_say(visit, "150 Go on");
    if (!ftp_visit_open_data(visit)) {
        ftp_visit_say(visit, "425 Nobody there");
        return;
    }
    while (limit) {
        size_t wanted = limit < sizeof(piece) ? limit : sizeof(piece);
        n = ftp_visit_has_word(visit) ? -1 : recv(visit->data, piece, wanted, 0);
        if (n <= 0)
            break;
        limit -= limit == SIZE_MAX ? 0 : (size_t)n;
        pthread_mutex_lock(&host->lock);
        struct ftp_node *node = ftp_host_find(host, path);
        if (node)
            ftp_host_append(node, piece, (size_t)n);
        pthread_mutex_unlock(&host->lock);
    }
    pthread_mutex_lock(&host->lock);
    host->ends += n == 0 && limit;
    pthread_mutex_unlock(&host->lock);
    ftp_visit_end_data(visit, n < 0 || !limit);
}

/* ---- Commands: with the lock held, but where data move -------------------------------- */

/* What follows without the lock. */
enum ftp_next { FTP_NEXT_NOTHING, FTP_NEXT_SEND, FTP_NEXT_RECEIVE, FTP_NEXT_END };

struct ftp_turn {
    struct ftp_visit *visit;  /* borrowed */
    const char *argument;     /* borrowed: as it came */
    char path[FTP_HOST_PATH]; /* of it */
    char *bytes;              /* owned: what FTP_NEXT_SEND sends */
    size_t len;
};

static enum ftp_next ftp_say(const struct ftp_turn *turn, const char *reply)
{
    ftp_visit_say(turn->visit, reply);
    return FTP_NEXT_NOTHING;
}

static enum ftp_next ftp_fine(struct ftp_turn *turn)
{
    return ftp_say(turn, "200 Fine");
}

static enum ftp_next ftp_user(struct ftp_turn *turn)
{
    return ftp_say(turn, "331 Password");
}

static enum ftp_next ftp_pass(struct ftp_turn *turn)
{
    struct ftp_host *host = turn->visit->host;
    if (host->logins_max && host->logins >= host->logins_max)
        return ftp_say(turn, "530 Not one more of you");
    turn->visit->is_in = true;
    host->logins++;
    if (host->logins > host->logins_most)
        host->logins_most = host->logins;
    return ftp_say(turn, "230 In");
}

static enum ftp_next ftp_feat(struct ftp_turn *turn)
{
    char reply[FTP_HOST_LINE];
    (void)snprintf(reply, sizeof(reply), "211-Features:\r\n%s211 End", turn->visit->host->features);
    return ftp_say(turn, reply);
}

static enum ftp_next ftp_quit(struct ftp_turn *turn)
{
    (void)ftp_say(turn, "221 Bye");
    return FTP_NEXT_END;
}

static enum ftp_next ftp_pwd(struct ftp_turn *turn)
{
    return ftp_say(turn, "257 \"/\"");
}

static enum ftp_next ftp_cwd(struct ftp_turn *turn)
{
    return ftp_say(turn, ftp_host_has_directory(turn->visit->host, turn->path) ? "250 There"
                                                                               : "550 None");
}

static uint16_t ftp_listen(struct ftp_visit *visit)
{
    union endpoint local = peers_host("127.0.0.1", 0);
    ftp_visit_close(&visit->data_listener);
    visit->data_listener = socket_listen(&local, 1);
    visit->target.any.sa_family = AF_UNSPEC;
    local = socket_local(visit->data_listener);
    return endpoint_port(&local);
}

static enum ftp_next ftp_epsv(struct ftp_turn *turn)
{
    char reply[64];
    (void)snprintf(reply, sizeof(reply), "229 Here (|||%u|)", ftp_listen(turn->visit));
    return ftp_say(turn, reply);
}

static enum ftp_next ftp_pasv(struct ftp_turn *turn)
{
    char reply[64];
    uint16_t port = ftp_listen(turn->visit);
    (void)snprintf(reply, sizeof(reply), "227 Here (127,0,0,1,%u,%u)", port >> 8, port & 255);
    return ftp_say(turn, reply);
}

static enum ftp_next ftp_port(struct ftp_turn *turn)
{
    bool is_one = address_parse_port(text_of(turn->argument), &turn->visit->target) == ADDRESS_OK;
    return ftp_say(turn, is_one ? "200 There" : "501 Where?");
}

static enum ftp_next ftp_rest(struct ftp_turn *turn)
{
    bool is_one = text_to_number(text_of(turn->argument), UINT32_MAX, &turn->visit->first);
    return ftp_say(turn, is_one ? "350 Go on" : "501 What?");
}

static enum ftp_next ftp_rang(struct ftp_turn *turn)
{
    struct text rest = text_of(turn->argument);
    bool is_one = text_to_number(text_take_word(&rest), UINT32_MAX, &turn->visit->first) &&
                  text_to_number(rest, UINT32_MAX, &turn->visit->last);
    return ftp_say(turn, is_one ? "350 Go on" : "501 What?");
}

static enum ftp_next ftp_retr(struct ftp_turn *turn)
{
    struct ftp_visit *visit = turn->visit;
    const struct ftp_node *node = ftp_host_find(visit->host, turn->path);
    uint64_t first = visit->host->begins_at_0 ? 0 : visit->first;
    uint64_t end = visit->last ? visit->last + 1 : UINT64_MAX;
    visit->first = visit->last = 0;
    if (!node || node->is_directory)
        return ftp_say(turn, "550 No such file");
    if (first > node->len)
        return ftp_say(turn, "554 Behind its end");
    if (end > node->len)
        end = node->len;
    turn->len = (size_t)(end - first);
    turn->bytes = realloc(NULL, turn->len + 1);
    if (!turn->bytes)
        abort();
    memcpy(turn->bytes, node->bytes + first, turn->len);
    return FTP_NEXT_SEND;
}

static enum ftp_next ftp_stor(struct ftp_turn *turn)
{
    struct ftp_visit *visit = turn->visit;
    struct ftp_node *node = ftp_host_find(visit->host, turn->path);
    uint64_t first = visit->first;
    visit->first = 0;
    if (node && node->is_directory)
        return ftp_say(turn, "553 A directory");
    if (first && (!node || first > node->len))
        return ftp_say(turn, "554 Behind its end");
    if (!node)
        node = ftp_host_make(visit->host, turn->path);
    node->len = (size_t)first;
    node->modified = time(NULL);
    return FTP_NEXT_RECEIVE;
}

static enum ftp_next ftp_appe(struct ftp_turn *turn)
{
    struct ftp_node *node = ftp_host_find(turn->visit->host, turn->path);
    turn->visit->first = node ? node->len : 0;
    return ftp_stor(turn);
}

static void ftp_put_facts(const struct ftp_node *node, struct builder *b)
{
    builder_put_string(b, node->is_directory ? "type=dir;" : "type=file;");
    if (!node->is_directory) {
        builder_put(b, TEXT("size="));
        builder_put_number(b, node->len);
        builder_put_byte(b, ';');
    }
    builder_put(b, TEXT("modify="));
    facts_put_time(b, node->modified);
    builder_put(b, TEXT(";UNIX.mode=0644; "));
}

static void ftp_put_fields(const struct ftp_node *node, struct builder *b)
{
    builder_put_string(b, node->is_directory ? "drwxr-xr-x" : "-rw-r--r--");
    builder_put(b, TEXT(" 1 a b "));
    builder_put_number(b, node->len);
    builder_put(b, TEXT(" Jan  1  2020 "));
}

static enum ftp_next ftp_directory(struct ftp_turn *turn,
                                   void (*put)(const struct ftp_node *node, struct builder *b))
{
    struct ftp_host *host = turn->visit->host;
    size_t size = FTP_HOST_NODES * (FTP_HOST_PATH + 100);
    if (!ftp_host_has_directory(host, turn->path))
        return ftp_say(turn, "550 No such directory");
    turn->bytes = realloc(NULL, size);
    if (!turn->bytes)
        abort();
    struct builder b = builder_on(turn->bytes, size);
    for (size_t i = 0; i < FTP_HOST_NODES; i++) {
        const struct ftp_node *node = &host->nodes[i];
        if (!ftp_host_is_in(node, turn->path))
            continue;
        put(node, &b);
        builder_put(&b, text_after(text_of(node->path), strlen(turn->path) + !!turn->path[1]));
        builder_put(&b, TEXT("\r\n"));
    }
    turn->len = b.len;
    return FTP_NEXT_SEND;
}

static enum ftp_next ftp_mlsd(struct ftp_turn *turn)
{
    return ftp_directory(turn, ftp_put_facts);
}

static enum ftp_next ftp_list(struct ftp_turn *turn)
{
    return ftp_directory(turn, ftp_put_fields);
}

static enum ftp_next ftp_mlst(struct ftp_turn *turn)
{
    char bytes[FTP_HOST_LINE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    const struct ftp_node *node = ftp_host_find(turn->visit->host, turn->path);
    if (!node)
        return ftp_say(turn, "550 None");
    builder_put(&b, TEXT("250-Here\r\n "));
    ftp_put_facts(node, &b);
    builder_put_string(&b, turn->path);
    builder_put(&b, TEXT("\r\n250 End"));
    return ftp_say(turn, builder_end(&b));
}

static enum ftp_next ftp_size(struct ftp_turn *turn)
{
    char reply[64];
    const struct ftp_node *node = ftp_host_find(turn->visit->host, turn->path);
    if (!node || node->is_directory)
        return ftp_say(turn, "550 None");
    (void)snprintf(reply, sizeof(reply), "213 %zu", node->len);
    return ftp_say(turn, reply);
}

static enum ftp_next ftp_mdtm(struct ftp_turn *turn)
{
    char reply[64];
    struct builder b = builder_on(reply, sizeof(reply));
    const struct ftp_node *node = ftp_host_find(turn->visit->host, turn->path);
    if (!node || node->is_directory)
        return ftp_say(turn, "550 None");
    builder_put(&b, TEXT("213 "));
    facts_put_time(&b, node->modified);
    return ftp_say(turn, builder_end(&b));
}

static enum ftp_next ftp_mfmt(struct ftp_turn *turn)
{
    struct text rest = text_of(turn->argument);
    struct fact_time time;
    char path[FTP_HOST_PATH];
    bool is_time = facts_parse_time(text_take_word(&rest), &time);
    (void)snprintf(path, sizeof(path), "%s%.*s", rest.len && rest.at[0] == '/' ? "" : "/",
                   TEXT_ARGS(rest));
    struct ftp_node *node = ftp_host_find(turn->visit->host, path);
    if (!is_time || !node)
        return ftp_say(turn, "550 None");
    node->modified = time.seconds;
    return ftp_say(turn, "213 Set");
}

static enum ftp_next ftp_xmd5(struct ftp_turn *turn)
{
    char reply[64 + DIGEST_HEX_SIZE];
    struct builder b = builder_on(reply, sizeof(reply));
    const struct ftp_node *node = ftp_host_find(turn->visit->host, turn->path);
    struct digest *digest = node ? digest_new(DIGEST_MD5) : NULL;
    if (!digest)
        return ftp_say(turn, "550 None");
    builder_put(&b, TEXT("250 "));
    digest_update(digest, node->bytes, node->len);
    (void)digest_finish(digest, &b);
    digest_free(digest);
    return ftp_say(turn, builder_end(&b));
}

static enum ftp_next ftp_mkd(struct ftp_turn *turn)
{
    if (ftp_host_find(turn->visit->host, turn->path))
        return ftp_say(turn, "550 It is there");
    ftp_host_put_directory(turn->visit->host, turn->path);
    return ftp_say(turn, "257 Made");
}

static enum ftp_next ftp_rmd(struct ftp_turn *turn)
{
    struct ftp_host *host = turn->visit->host;
    if (!ftp_host_has_directory(host, turn->path) || !ftp_host_is_empty(host, turn->path))
        return ftp_say(turn, "550 No");
    ftp_host_remove(host, turn->path);
    return ftp_say(turn, "250 Gone");
}

static enum ftp_next ftp_dele(struct ftp_turn *turn)
{
    const struct ftp_node *node = ftp_host_find(turn->visit->host, turn->path);
    if (!node || node->is_directory)
        return ftp_say(turn, "550 None");
    ftp_host_remove(turn->visit->host, turn->path);
    return ftp_say(turn, "250 Gone");
}

static enum ftp_next ftp_rnfr(struct ftp_turn *turn)
{
    if (!ftp_host_find(turn->visit->host, turn->path))
        return ftp_say(turn, "550 None");
    memcpy(turn->visit->renamed, turn->path, sizeof(turn->path));
    return ftp_say(turn, "350 To what?");
}

static enum ftp_next ftp_rnto(struct ftp_turn *turn)
{
    struct ftp_host *host = turn->visit->host;
    struct ftp_node *node = ftp_host_find(host, turn->visit->renamed);
    if (!node)
        return ftp_say(turn, "503 What?");
    ftp_host_remove(host, turn->path);
    memcpy(node->path, turn->path, sizeof(node->path));
    return ftp_say(turn, "250 Done");
}

static enum ftp_next ftp_abor(struct ftp_turn *turn)
{
    return ftp_say(turn, "226 Aborted");
}

static const struct {
    const char *verb;
    enum ftp_next (*act)(struct ftp_turn *turn);
} ftp_verbs[] = {
    {"USER", ftp_user}, {"PASS", ftp_pass}, {"FEAT", ftp_feat}, {"OPTS", ftp_fine},
    {"TYPE", ftp_fine}, {"MODE", ftp_fine}, {"STRU", ftp_fine}, {"NOOP", ftp_fine},
    {"SITE", ftp_fine}, {"QUIT", ftp_quit}, {"PWD", ftp_pwd},   {"CWD", ftp_cwd},
    {"EPSV", ftp_epsv}, {"PASV", ftp_pasv}, {"PORT", ftp_port}, {"REST", ftp_rest},
    {"RANG", ftp_rang}, {"RETR", ftp_retr}, {"STOR", ftp_stor}, {"APPE", ftp_appe},
    {"MLSD", ftp_mlsd}, {"LIST", ftp_list}, {"MLST", ftp_mlst}, {"SIZE", ftp_size},
    {"MDTM", ftp_mdtm}, {"MFMT", ftp_mfmt}, {"XMD5", ftp_xmd5}, {"MKD", ftp_mkd},
    {"RMD", ftp_rmd},   {"DELE", ftp_dele}, {"RNFR", ftp_rnfr}, {"RNTO", ftp_rnto},
    {"ABOR", ftp_abor},
};

static enum ftp_next ftp_say_answer(struct ftp_turn *turn, const struct ftp_host_answer *answer)
{
    if (answer->data) {
        turn->len = strlen(answer->data);
        turn->bytes = realloc(NULL, turn->len + 1);
        if (!turn->bytes)
            abort();
        memcpy(turn->bytes, answer->data, turn->len);
        return FTP_NEXT_SEND;
    }
    if (!answer->reply)
        return FTP_NEXT_END;
    (void)ftp_say(turn, answer->reply);
    return text_starts_with(text_of(answer->reply), TEXT("421")) ? FTP_NEXT_END : FTP_NEXT_NOTHING;
}

/* With the lock held: what the line asks for. */
static enum ftp_next ftp_answer(struct ftp_turn *turn, const char *line)
{
    struct ftp_host *host = turn->visit->host;
    struct text rest = text_of(line);
    struct text verb = text_take_until(&rest, ' ');
    struct builder heard = builder_on(host->heard + host->heard_len,
                                      sizeof(host->heard) - host->heard_len - 1);
    builder_put_string(&heard, line);
    builder_put_byte(&heard, '\n');
    host->heard_len += heard.len;
    turn->argument = rest.len ? rest.at : "";
    (void)snprintf(turn->path, sizeof(turn->path), "%s%s", turn->argument[0] == '/' ? "" : "/",
                   turn->argument);
    const char *reply = host->on_command ? host->on_command(host, verb, rest) : NULL;
    if (reply)
        return ftp_say(turn, reply);
    for (const struct ftp_host_answer *answer = host->answers; answer && answer->command; answer++)
        if (text_starts_with(text_of(line), text_of(answer->command)))
            return ftp_say_answer(turn, answer);
    for (size_t i = 0; i < COUNT(ftp_verbs); i++)
        if (text_equal(verb, text_of(ftp_verbs[i].verb)))
            return ftp_verbs[i].act(turn);
    return ftp_say(turn, "502 What?");
}

static bool ftp_visit_serve(struct ftp_visit *visit, const char *line)
{
    struct ftp_turn turn = {.visit = visit};
    pthread_mutex_lock(&visit->host->lock);
    enum ftp_next next = ftp_answer(&turn, line);
    pthread_mutex_unlock(&visit->host->lock);
    if (next == FTP_NEXT_SEND)
        ftp_visit_send_data(visit, turn.bytes, turn.len);
    else if (next == FTP_NEXT_RECEIVE)
        ftp_visit_receive_data(visit, turn.path);
    return next != FTP_NEXT_END;
}

#endif
