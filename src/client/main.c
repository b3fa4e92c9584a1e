/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ferry: one-shot commands and URLs. The table is the help.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "client/remote.h"
#include "protocol/parameters.h"

/* Exit statuses, ferry(1). */
enum status {
    STATUS_DONE = 0,
    STATUS_LOCAL = 1,    /* something here: a file, the disk, memory */
    STATUS_USAGE = 2,    /* the command line */
    STATUS_CONNECT = 3,  /* no connection to the server */
    STATUS_LOGIN = 4,    /* it would not let us in */
    STATUS_REFUSED = 5,  /* it would not do it: not found, denied */
    STATUS_TRANSFER = 6, /* the transfer broke */
};

struct subcommand {
    const char *name; /* borrowed: static, as all below */
    const char *arguments;
    const char *help;
    int (*run)(int argc, char **argv);
};

static int fail(enum status status, const char *what, const char *why)
{
    (void)fprintf(stderr, "ferry: %s: %s\n", what, why);
    return (int)status;
}

/* A URL as it may be shown: what is before the host may be a password. */
static const char *shown(const char *url)
{
    const char *host = strstr(url, "//");
    host = host ? host + 2 : url;
    const char *path = strchr(host, '/');
    for (const char *c = host; *c && c != path; c++)
        if (*c == '@')
            host = c + 1;
    return host;
}

/* What a fault of the server or of the way to it means for whoever called us. */
static enum status status_of(enum fault f)
{
    switch (f) {
    case FAULT_LOGIN_REFUSED:
    case FAULT_ACCOUNT_NEEDED:
        return STATUS_LOGIN;
    case FAULT_CONNECTION_LOST:
    case FAULT_TIMED_OUT:
    case FAULT_NO_DATA_CONNECTION:
    case FAULT_CANCELLED:
        return STATUS_TRANSFER;
    default:
        return STATUS_REFUSED;
    }
}

/* What went wrong with `url` or the file here (`local`, may be NULL); the server's own words. */
static int report(const struct user_pi *pi, const char *url, const char *local, enum fault f)
{
    char why[USER_PI_TEXT_SIZE + 64];
    if (!f)
        return STATUS_DONE;
    const bool was_refused = pi->code >= 300; /* a 3xx that we are told of is no answer to us */
    if (!was_refused && status_of(f) == STATUS_REFUSED)
        return fail(STATUS_LOCAL, local ? local : shown(url), fault_text(f));
    if (was_refused)
        (void)snprintf(why, sizeof(why), "%u %s", pi->code, pi->text);
    else
        (void)snprintf(why, sizeof(why), "%s", fault_text(f));
    for (char *c = why; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7F)
            *c = '?';
    return fail(status_of(f), shown(url), why);
}

/* Opens the server of a URL; a status other than STATUS_DONE has been reported. */
static int open_url(const char *text, struct url *url, struct user_pi *pi)
{
    if (!url_parse(text_of(text), url))
        return fail(STATUS_USAGE, shown(text), "is no URL of the form ftp://user@host/path");
    const char *password = getenv("FERRY_PASSWORD");
    if (password && !url->password[0])
        (void)snprintf(url->password, sizeof(url->password), "%s", password);
    pi->verbose = getenv("FERRY_VERBOSE") != NULL;
    enum fault f = remote_open(pi, url);
    if (!f)
        return STATUS_DONE;
    int status = report(pi, url->host, NULL, f);
    return status == STATUS_LOGIN ? STATUS_LOGIN : STATUS_CONNECT;
}

/* The last part of a URL's path, if it can be the name of a file here. */
static const char *local_name(const struct url *url)
{
    const char *slash = strrchr(url->path, '/');
    const char *name = slash ? slash + 1 : url->path;
    bool is_name = name[0] && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
    return is_name ? name : NULL;
}

/* What get and put take besides names. */
struct wanted {
    const char *local; /* borrowed: -o; NULL: not said */
    char mode;
};

/* Takes them out of the arguments; false when one is not right. */
static bool take_options(int *argc, char **argv, bool takes_local, struct wanted *wanted)
{
    *wanted = (struct wanted){.mode = MODE_STREAM};
    int kept = 0;
    for (int i = 0; i < *argc; i++) {
        const char *value = i + 1 < *argc ? argv[i + 1] : "";
        bool is_mode = strcmp(argv[i], "--mode") == 0;
        if (is_mode && (strlen(value) != 1 || !strchr("sbczSBCZ", value[0])))
            return false;
        if (is_mode)
            wanted->mode = text_upper(argv[++i][0]);
        else if (takes_local && strcmp(argv[i], "-o") == 0 && i + 1 < *argc)
            wanted->local = argv[++i];
        else
            argv[kept++] = argv[i];
    }
    *argc = kept;
    return true;
}

static int run_get(int argc, char **argv)
{
    static struct user_pi pi;
    struct url url;
    struct wanted wanted;
    if (!take_options(&argc, argv, true, &wanted) || argc != 1)
        return fail(STATUS_USAGE, "get", "takes a URL and perhaps -o FILE and --mode S, B, C or Z");
    int status = open_url(argv[0], &url, &pi);
    if (status)
        return status;
    const char *local = wanted.local ? wanted.local : local_name(&url);
    if (!local)
        status = fail(STATUS_USAGE, shown(argv[0]),
                      "names no file; say where to put it with -o FILE");
    else
        status = report(&pi, argv[0], local, remote_get(&pi, &url, wanted.mode, local));
    remote_close(&pi);
    return status;
}

static int run_put(int argc, char **argv)
{
    static struct user_pi pi;
    struct url url;
    struct wanted wanted;
    if (!take_options(&argc, argv, false, &wanted) || argc != 2)
        return fail(STATUS_USAGE, "put", "takes a file, a URL and perhaps --mode S, B, C or Z");
    int status = open_url(argv[1], &url, &pi);
    if (status)
        return status;
    size_t len = strlen(url.path);
    if (!len || url.path[len - 1] == '/') { /* a directory: the file keeps its name */
        const char *slash = strrchr(argv[0], '/');
        (void)snprintf(url.path + len, sizeof(url.path) - len, "%s", slash ? slash + 1 : argv[0]);
    }
    status = report(&pi, argv[1], argv[0], remote_put(&pi, argv[0], &url, wanted.mode));
    remote_close(&pi);
    return status;
}

static int run_ls(int argc, char **argv)
{
    static struct user_pi pi;
    struct url url;
    if (argc != 1)
        return fail(STATUS_USAGE, "ls", "takes a URL");
    int status = open_url(argv[0], &url, &pi);
    if (status)
        return status;
    status = report(&pi, argv[0], NULL, remote_list(&pi, &url));
    remote_close(&pi);
    return status;
}

static const struct subcommand subcommands[] = {
    {"get", "[--mode M] URL [-o FILE]", "fetch a file; - is standard output", run_get},
    {"put", "[--mode M] FILE URL", "send a file; - is standard input", run_put},
    {"ls", "URL", "list a directory", run_ls},
};

static int show_help(void)
{
    (void)printf("Usage: ferry COMMAND ...\nTransfers files over FTP.\n\n");
    for (size_t i = 0; i < sizeof(subcommands) / sizeof(subcommands[0]); i++)
        (void)printf("  ferry %-4s %-26s %s\n", subcommands[i].name, subcommands[i].arguments,
                     subcommands[i].help);
    (void)printf(
        "\nURLs are ftp://user:password@host:port/path;type=a. The password may be in\n"
        "FERRY_PASSWORD instead. FERRY_VERBOSE=1 shows the dialogue. M is S, B, C or Z, which\n"
        "compresses. See ferry(1).\n");
    return STATUS_DONE;
}

static int run(int argc, char **argv)
{
    if (argc < 2)
        return fail(STATUS_USAGE, "no command", "ferry --help lists them");
    if (strcmp(argv[1], "--help") == 0)
        return show_help();
    if (strcmp(argv[1], "--version") == 0) {
        (void)printf("ferry %s\n", FERRY_VERSION);
        return STATUS_DONE;
    }
    for (size_t i = 0; i < sizeof(subcommands) / sizeof(subcommands[0]); i++)
        if (strcmp(argv[1], subcommands[i].name) == 0)
            return subcommands[i].run(argc - 2, argv + 2);
    return fail(STATUS_USAGE, argv[1], "no such command; ferry --help lists them");
}

int main(int argc, char **argv)
{
    (void)signal(SIGPIPE, SIG_IGN);
    int status = run(argc, argv);
    /* What is written may be lost as late as now: a full disk, a quota. */
    bool lost = ferror(stdout) || fflush(stdout) || (fclose(stdout) && errno != EBADF);
    return lost && !status ? fail(STATUS_LOCAL, "standard output", strerror(errno)) : status;
}
