/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ferry: the commands of the command line. The table is the help.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "client/command_line.h"
#include "client/commands.h"
#include "client/credentials.h"
#include "client/local_tree.h"
#include "client/one_file.h"
#include "client/secret_text.h"
#include "client/shell.h"
#include "client/suggest.h"

#define TAKES(which) INVOCATION_BIT(which)

static const struct command_row rows[] = {
    {"get", "URL... [-o FILE|DIR]", "fetch files; resumed, verified, and there when complete",
     "ferry get ftp://ftp.example/pub/file.iso", 1, INVOCATION_WORDS_MAX, command_get,
     TAKES(JSON) | TAKES(OUTPUT)},
    {"put", "FILE... URL", "send files; a URL that ends with / is a directory",
     "ferry put report.pdf ftp://me@ftp.example/inbox/", 2, INVOCATION_WORDS_MAX, command_put,
     TAKES(JSON)},
    {"cat", "URL...", "write files to standard output", "ferry cat ftp://ftp.example/README", 1,
     INVOCATION_WORDS_MAX, command_cat, TAKES(JSON)},
    {"ls", "URL...", "list directories", "ferry ls ftp://ftp.example/pub/", 1, INVOCATION_WORDS_MAX,
     command_ls, TAKES(JSON)},
    {"find", "URL... [TEST...]", "list what is in trees: -name, -type, -size, -mtime, -maxdepth",
     "ferry find ftp://ftp.example/pub/ -name '*.iso' -size +1G", 1, INVOCATION_WORDS_MAX,
     command_find, TAKES(JSON), .takes_tests = true},
    {"du", "[-s] URL...", "say how much is in directories, and in all below",
     "ferry du -s ftp://ftp.example/pub/", 1, INVOCATION_WORDS_MAX, command_du,
     TAKES(JSON) | TAKES(SUMMARIZE)},
    {"rm", "[-r] URL...", "remove files, or trees", "ferry rm ftp://me@ftp.example/old.txt", 1,
     INVOCATION_WORDS_MAX, command_rm, TAKES(JSON) | TAKES(RECURSIVE)},
    {"mkdir", "[-p] URL...", "make directories", "ferry mkdir -p ftp://me@ftp.example/a/b/c", 1,
     INVOCATION_WORDS_MAX, command_mkdir, TAKES(JSON) | TAKES(PARENTS)},
    {"mv", "URL NAME", "give something another name", "ferry mv ftp://me@ftp.example/old new", 2, 2,
     command_mv, TAKES(JSON)},
    {"mirror", "SOURCE TARGET", "make a tree like another: one a URL, one a directory here",
     "ferry mirror --delete ftp://ftp.example/pub/ ./pub", 2, 2, command_mirror,
     TAKES(JSON) | INVOCATION_BITS_OF_TREES},
    {"sync", "SOURCE TARGET", "mirror that also removes what only the target has",
     "ferry sync --dry-run ./site ftp://me@ftp.example/www/", 2, 2, command_sync,
     TAKES(JSON) | INVOCATION_BITS_OF_TREES},
    {"check", "SOURCE TARGET", "say in what the two differ, and change nothing",
     "ferry check ftp://ftp.example/pub/ ./pub", 2, 2, command_check,
     TAKES(JSON) | (INVOCATION_BITS_OF_TREES & ~TAKES(DELETE))},
    {"copy", "URL URL", "from server to server; through here where they do not allow it",
     "ferry copy ftp://a.example/x ftp://me@b.example/x", 2, 2, command_copy, TAKES(JSON)},
    {"raw", "URL COMMAND...", "send commands as they are, and show the replies",
     "ferry raw ftp://ftp.example/ 'SITE HELP' FEAT", 2, INVOCATION_WORDS_MAX, command_raw,
     TAKES(JSON)},
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

/* Before there is a run, which has been told how: a program may want to hear of this, too. */
static bool wants_events(int argc, char **argv)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--json") == 0)
            return true;
    return false;
}

static int complain(bool is_json, const char *what, const char *why)
{
    char bytes[RUN_WHAT_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct report report = {.out = stdout, .errors = stderr, .is_json = is_json};
    secret_put_url(&b, text_of(what));
    const struct report_problem problem = {.what = builder_text(&b),
                                           .text = text_of(why),
                                           .fault = FAULT_ARGUMENT,
                                           .status = EXIT_STATUS_USAGE};
    report_error(&report, &problem);
    return EXIT_STATUS_USAGE;
}

static void show_options(unsigned takes)
{
    char option[64];
    (void)printf("\nOptions:\n");
    for (const struct invocation_option *o = invocation_options; o->name; o++) {
        if (!(takes >> (o - invocation_options) & 1))
            continue;
        (void)snprintf(option, sizeof(option), "--%s%s%s", o->name, o->value ? " " : "",
                       o->value ? o->value : "");
        if (o->letter)
            (void)printf("  -%c, %-24s %s\n", o->letter, option, o->help);
        else
            (void)printf("      %-24s %s\n", option, o->help);
    }
    (void)printf("\nEvery setting of ferry.conf(5) is one, too: --NAME VALUE, --no-NAME.\n");
}

static int show_help(void)
{
    (void)printf("Usage: ferry COMMAND [OPTION...] WORD...\n"
                 "       ferry [OPTION...] [HOST|URL|BOOKMARK [PORT]]\n"
                 "Transfers files over FTP and FTPS. Without a command it reads some from the "
                 "terminal,\nor from standard input: help tells about them there.\n\n");
    for (size_t i = 0; i < ROWS; i++)
        (void)printf("  %-7s %-22s %s\n", rows[i].name, rows[i].words, rows[i].help);
    show_options(~0U);
    (void)printf(
        "\nURLs: ftp://user@host:port/path;type=a, ftps:// (implicit TLS), ftpes:// (TLS or "
        "nothing).\nSee ferry(1).\n");
    return EXIT_STATUS_DONE;
}

static int show_row(const struct command_row *row)
{
    (void)printf("Usage: ferry %s %s\n%s.\n\n  %s\n", row->name, row->words, row->help,
                 row->example);
    show_options(row->takes | INVOCATION_BITS_ALWAYS);
    return EXIT_STATUS_DONE;
}

static int carry_out(const struct command_row *row, int argc, char **argv)
{
    static struct invocation invocation;
    static struct run run;
    char message[SETTINGS_MESSAGE_SIZE];
    bool is_json = (row->takes & TAKES(JSON)) && wants_events(argc, argv);
    if (!settings_load(&invocation.settings, message))
        return complain(is_json, "settings", message);
    if (!invocation_parse(argc, argv, row->takes | INVOCATION_BITS_ALWAYS, row->takes_tests,
                          &invocation, message))
        return complain(is_json, row->name, message);
    if (invocation.wants_help)
        return show_row(row);
    if (invocation.word_count < row->words_min || invocation.word_count > row->words_max) {
        (void)snprintf(message, sizeof(message), "takes %s", row->words);
        return complain(is_json, row->name, message);
    }
    run_begin(&run, &invocation);
    row->act(&run);
    return run_end(&run);
}

static int complain_of_command(const char *word)
{
    char message[128];
    struct builder b = builder_on(message, sizeof(message));
    struct suggestion suggestion = suggest_for(text_of(word));
    for (size_t i = 0; i < ROWS; i++)
        suggest_offer(&suggestion, text_of(rows[i].name));
    builder_put(&b, TEXT("no such command"));
    builder_put(&b, suggestion.name.len ? TEXT("; did you mean ") : TEXT(""));
    builder_put(&b, suggestion.name);
    builder_put(&b, suggestion.name.len ? TEXT("?") : TEXT("; ferry --help lists them"));
    return complain(false, word, builder_end(&b));
}

static const struct command_row *find_row(const char *word)
{
    for (size_t i = 0; i < ROWS; i++)
        if (strcmp(word, rows[i].name) == 0)
            return &rows[i];
    return NULL;
}

/* "help", "help COMMAND": what is looked for is found, as in the shell. */
static int help(const char *word)
{
    const struct command_row *row = word ? find_row(word) : NULL;
    if (word && !row)
        return complain_of_command(word);
    return row ? show_row(row) : show_help();
}

/* "ferry", "ferry HOST", "ferry HOST PORT": the shell. */
static int open_shell(int argc, char **argv)
{
    static struct invocation invocation;
    static struct run run;
    char message[SETTINGS_MESSAGE_SIZE];
    uint64_t port;
    if (!settings_load(&invocation.settings, message))
        return complain(false, "settings", message);
    if (!invocation_parse(argc, argv, INVOCATION_BITS_OF_SHELL, false, &invocation, message))
        return complain(false, "shell", message);
    if (invocation.wants_help)
        return show_help();
    const char *const *words = invocation.words;
    size_t count = invocation.word_count;
    if (count > 2 || (count == 2 && !text_to_number(text_of(words[1]), UINT16_MAX, &port)))
        return complain_of_command(words[0]);
    run_begin(&run, &invocation);
    run.report.greets = true;
    shell_run(&run, count ? words[0] : NULL, count > 1 ? words[1] : NULL, invocation.commands);
    return run_end(&run);
}

static int start(int argc, char **argv)
{
    if (argc < 2)
        return open_shell(0, argv + 1);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return show_help();
    if (strcmp(argv[1], "--version") == 0) {
        (void)printf("ferry %s\n", FERRY_VERSION);
        return EXIT_STATUS_DONE;
    }
    if (strcmp(argv[1], "--complete") == 0) {
        command_line_complete(rows, ROWS, (const char *const *)argv + 2, (size_t)argc - 2);
        return EXIT_STATUS_DONE;
    }
    if (strcmp(argv[1], "help") == 0)
        return help(argv[2]);
    const struct command_row *row = find_row(argv[1]);
    return row ? carry_out(row, argc - 2, argv + 2) : open_shell(argc - 1, argv + 1);
}

/*
 * What is left on the list of processes has stars for passwords; everybody can read that. The
 * copies with the words as they were live as long as we do.
 */
static bool hide_passwords(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        struct text password = secret_in_url(text_of(argv[i]));
        char *shown = argv[i];
        if (!password.len)
            continue;
        argv[i] = memory_copy(shown, strlen(shown));
        if (!argv[i])
            return false;
        memset(shown + (password.at - shown), '*', password.len);
    }
    return true;
}

/*
 * What we open next must not become a standard stream that was closed: what is printed would be
 * sent to a server. What is used of them all the same is a fault: /dev/null the wrong way round.
 */
static bool occupy_standard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 &&
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            return false;
    return true;
}

int main(int argc, char **argv)
{
    if (!occupy_standard_streams())
        return EXIT_STATUS_LOCAL;
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN); /* setrlimit(2): a file that may not grow is EFBIG then */
    /* What parts that we share with the server warn of is for who runs one: we tell it ourselves.
     */
    log_set_level(LOG_LEVEL_ERROR);
    local_take_umask();
    (void)prctl(PR_SET_DUMPABLE, 0); /* a core would hold passwords */
    credentials_take_environment();
    if (!hide_passwords(argc, argv))
        return complain(false, "arguments", fault_text(FAULT_NO_MEMORY));
    int status = start(argc, argv);
    credentials_forget_environment();
    /* What is written may be lost as late as now: a full disk, a quota. */
    bool is_left = one_file_is_left("-"); /* by head(1), which has enough */
    bool lost = (ferror(stdout) || fclose(stdout)) && !is_left;
    if (lost)
        (void)fprintf(stderr, "ferry: standard output: %s\n", strerrordesc_np(errno));
    return lost && !status ? EXIT_STATUS_LOCAL : status;
}
