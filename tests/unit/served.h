/* SPDX-License-Identifier: Apache-2.0 */
/*
 * served: a whole server in this process, over a tree of its own, and what may
 * not change beside it. What includes it says what PROMISE does when something
 * does not hold. For one program; include it once.
 *
 *     BASE/root/       what users see as /; filled anew by served_fill
 *     BASE/shared/     a folder, likewise
 *     BASE/other/      the root of another host, likewise
 *     BASE/outside/    never theirs to see, though links in the root lead there
 *     BASE/state/      the server's state directory
 */
#ifndef FERRY_TESTS_SERVED_H
#define FERRY_TESTS_SERVED_H

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "net/socket.h"
#include "server/backends.h"
#include "server/certificates.h"
#include "server/listener.h"
#include "server/server.h"

#define SERVED_SECRET "what nobody may see"

enum { SERVED_PATH_SIZE = 128, SERVED_BIG_BYTES = 100000, SERVED_TEXT_BYTES = 21 };

static struct {
    char base[SERVED_PATH_SIZE]; /* a directory that the test made, empty */
    struct config *config;       /* owned, as all below */
    struct backends *backends;
    struct server *server;
    union endpoint address;
    struct stat beside[3]; /* of BASE/outside, what is in it, and BASE */
} served;

static const char *served_path(const char *name)
{
    static char path[2 * SERVED_PATH_SIZE];
    (void)snprintf(path, sizeof(path), "%s/%s", served.base, name);
    return path;
}

static void served_write(const char *name, struct text content)
{
    int fd = open(served_path(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    PROMISE(fd >= 0 && write(fd, content.at, content.len) == (ssize_t)content.len);
    close(fd);
}

/* ---- The tree --------------------------------------------------------------------------- */

static int served_remove(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info;
    (void)kind;
    if (at->level)
        PROMISE(remove(path) == 0);
    return 0;
}

static void served_empty(const char *name)
{
    enum { OPEN_AT_ONCE = 8 };
    PROMISE(nftw(served_path(name), served_remove, OPEN_AT_ONCE, FTW_DEPTH | FTW_PHYS) == 0);
}

/* The root as every session finds it. */
static void served_fill(void)
{
    static char big[SERVED_BIG_BYTES];
    for (size_t i = 0; i < sizeof(big) && !big[1]; i++)
        big[i] = (char)(i * i >> 8 ^ i);
    served_empty("root");
    served_empty("shared");
    served_empty("other");
    served_write("shared/file", TEXT("shared\n"));
    served_write("other/file", TEXT("other\n"));
    served_write("root/text", TEXT("one\r\ntwo\nthree\rfour\377\n"));
    served_write("root/big", (struct text){big, sizeof(big)});
    PROMISE(mkdir(served_path("root/dir"), 0755) == 0);
    PROMISE(mkdir(served_path("root/dir/below"), 0755) == 0);
    PROMISE(mkdir(served_path("root/empty"), 0755) == 0);
    served_write("root/dir/file", TEXT("file\n"));
    served_write("root/dir/a name, \"quoted\"", TEXT(""));
    PROMISE(symlink("text", served_path("root/link")) == 0);
    PROMISE(symlink("../outside", served_path("root/out")) == 0);
    PROMISE(symlink("../outside/secret", served_path("root/dir/secret")) == 0);
    PROMISE(symlink("/", served_path("root/top")) == 0);
}

static bool served_is_same(const char *name, const struct stat *before)
{
    struct stat now;
    return stat(served_path(name), &now) == 0 && now.st_ino == before->st_ino &&
           now.st_mode == before->st_mode && now.st_uid == before->st_uid &&
           now.st_nlink == before->st_nlink && now.st_size == before->st_size &&
           now.st_mtim.tv_sec == before->st_mtim.tv_sec &&
           now.st_mtim.tv_nsec == before->st_mtim.tv_nsec &&
           now.st_ctim.tv_sec == before->st_ctim.tv_sec &&
           now.st_ctim.tv_nsec == before->st_ctim.tv_nsec;
}

/* Nothing outside the root was touched. */
static void served_check_beside(void)
{
    PROMISE(served_is_same("outside", &served.beside[0]));
    PROMISE(served_is_same("outside/secret", &served.beside[1]));
    PROMISE(served_is_same(".", &served.beside[2]));
}

static unsigned served_count_descriptors(void)
{
    unsigned count = 0;
    DIR *directory = opendir("/proc/self/fd");
    PROMISE(directory);
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

/* Workers may be about to close what they looked at last; what stays open was forgotten. */
static void served_check_descriptors(unsigned before)
{
    enum { LOOKS_MAX = 10000, LOOK_MS = 1 };
    for (unsigned i = 0; i < LOOKS_MAX && served_count_descriptors() > before; i++)
        (void)poll(NULL, 0, LOOK_MS);
    PROMISE(served_count_descriptors() <= before);
}

/* ---- The server ------------------------------------------------------------------------- */

/* Passwords are "secret", of a cheap hash: this is not about it. */
static void served_write_settings(void)
{
    static const char settings[] =
        "port = 0\n"
        "address = {127.0.0.1}\n"
        "root = \"%1$s/root\"\n"
        "state = \"%1$s/state\"\n"
        "audit = /dev/null\n"
        "xferlog = /dev/null\n"
        "anonymous = on\n"
        "anonymous_uploads = {/dir}\n"
        "marker_interval = 4096\n"
        "tls_self_signed = on\n"
        "allow_ccc = on\n"
        "login_delay = 0\n"
        "login_delay_max = 0\n"
        "ban_after = 0\n"
        "ban_user_after = 0\n"
        "log_level = error\n"
        "user \"demo\" { password = \"%2$s\" }\n"
        "user \"reader\" { password = \"%2$s\" read_only = true }\n"
        "user \"charged\" { password = \"%2$s\" account = \"project\" }\n"
        "folder \"shared\" { path = \"%1$s/shared\" }\n"
        "host \"other\" { root = \"%1$s/other\" anonymous = on }\n";
    static const char hash[] = "$5$ferry$38E213d72P/tWc4gJ.WikuEns7DhpOSh0hjGVSGwBA5";
    char bytes[4096];
    int len = snprintf(bytes, sizeof(bytes), settings, served.base, hash);
    served_write("settings", (struct text){bytes, (size_t)len});
}

static void served_lay_out(void)
{
    PROMISE(mkdir(served_path("root"), 0755) == 0);
    PROMISE(mkdir(served_path("shared"), 0755) == 0);
    PROMISE(mkdir(served_path("other"), 0755) == 0);
    PROMISE(mkdir(served_path("outside"), 0755) == 0);
    PROMISE(mkdir(served_path("state"), 0700) == 0);
    served_write("outside/secret", TEXT(SERVED_SECRET));
    served_fill();
    served_write_settings();
    PROMISE(stat(served_path("outside"), &served.beside[0]) == 0);
    PROMISE(stat(served_path("outside/secret"), &served.beside[1]) == 0);
    PROMISE(stat(served.base, &served.beside[2]) == 0);
}

static union endpoint served_address(void)
{
    char bytes[256];
    struct builder b = builder_on(bytes, sizeof(bytes));
    server_put_addresses(served.server, &b);
    struct text host = builder_text(&b);
    size_t colon = host.len;
    while (host.at[--colon] != ':') {
    }
    uint64_t port = 0;
    union endpoint address;
    PROMISE(text_to_number(text_after(host, colon + 1), UINT16_MAX, &port));
    host.len = colon;
    PROMISE(endpoint_parse_host(host, (uint16_t)port, &address));
    return address;
}

static void served_start(void)
{
    char message[CONFIG_MESSAGE_SIZE] = "";
    struct config_request request;
    umask(0);
    (void)signal(SIGPIPE, SIG_IGN);
    served_lay_out();
    char *argv[] = {(char *)"ferryd", (char *)"--config", (char *)served_path("settings")};
    log_set_level(LOG_LEVEL_ERROR);
    served.config = config_load(sizeof(argv) / sizeof(argv[0]), argv, &request, message);
    served.backends = backends_new();
    bool is_ready = served.config && served.backends &&
                    certificates_load(served.config, &opener_self, served.config->state, message) &&
                    backends_open_state(served.backends, served.config->state, message) &&
                    backends_open_desk(served.backends, NULL, message) &&
                    backends_build_realms(served.backends, served.config, message);
    struct listener_set sockets = {0};
    if (is_ready && listener_open_all(served.config, NULL, &sockets, message))
        served.server = server_new(served.config, backends_desk(served.backends));
    if (served.server)
        server_take_sockets(served.server, &sockets);
    is_ready = served.server && server_open_logs(served.server, message) &&
               server_start(served.server, message);
    if (!is_ready)
        (void)fprintf(stderr, "%s\n", message);
    PROMISE(is_ready);
    served.address = served_address();
}

static void served_stop(void)
{
    server_free(served.server);
    config_unref(served.config);
    backends_free(served.backends);
}

#endif
