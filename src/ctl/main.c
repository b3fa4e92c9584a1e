/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ferryctl: administration. Each command is a pattern and one call; the
 * patterns are the help.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "account/password.h"
#include "base/memory.h"

enum { EXIT_USAGE = 2, PASSWORD_SIZE = 1024 };

static int fail(const char *what, const char *why, int status)
{
    (void)fprintf(stderr, "ferryctl: %s: %s\n", what, why);
    return status;
}

/* Asks a person without showing what is typed, or takes the first line of a pipe. */
static bool read_password(char password[PASSWORD_SIZE])
{
    struct termios before;
    bool terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &before) == 0;
    if (terminal) {
        struct termios silent = before;
        silent.c_lflag &= ~(tcflag_t)ECHO;
        (void)fputs("Password: ", stderr);
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    }
    bool read = fgets(password, PASSWORD_SIZE, stdin) != NULL &&
                (strchr(password, '\n') || feof(stdin)); /* all of it */
    if (terminal) {
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        (void)fputc('\n', stderr);
    }
    if (read)
        password[strcspn(password, "\n")] = '\0';
    return read;
}

/* Prints what goes into `password` of a user block in ferryd.conf. */
static int hash_password(void)
{
    char password[PASSWORD_SIZE];
    char *hash = NULL;
    if (!read_password(password) || !password[0])
        return fail("password hash", "standard input has no password, or too long a one",
                    EXIT_FAILURE);
    enum fault f = password_hash(text_of(password), &hash);
    explicit_bzero(password, sizeof(password));
    if (f)
        return fail("password hash", fault_text(f), EXIT_FAILURE);
    (void)printf("%s\n", hash);
    memory_free(hash);
    return EXIT_SUCCESS;
}

static const struct {
    const char *pattern; /* borrowed: static, as all below */
    const char *help;
    int (*run)(void);
} commands[] = {
    {"password hash", "hash a password from standard input for ferryd.conf", hash_password},
};

/* Do the words of the command line say the pattern? */
static bool matches(const char *pattern, int argc, char **argv)
{
    struct text rest = text_of(pattern);
    for (int i = 1; i < argc; i++)
        if (!rest.len || !text_equal(text_take_word(&rest), text_of(argv[i])))
            return false;
    return !rest.len && argc > 1;
}

static int show_help(void)
{
    (void)printf("Usage: ferryctl COMMAND\nAdministers ferryd.\n\n");
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        (void)printf("  ferryctl %-16s %s\n", commands[i].pattern, commands[i].help);
    return EXIT_SUCCESS;
}

static int run(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (matches(commands[i].pattern, argc, argv))
            return commands[i].run();
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return show_help();
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        (void)printf("ferryctl %s\n", FERRY_VERSION);
        return EXIT_SUCCESS;
    }
    return fail(argc > 1 ? argv[1] : "no command", "ferryctl --help lists the commands",
                EXIT_USAGE);
}

int main(int argc, char **argv)
{
    int status = run(argc, argv);
    /* What is written may be lost as late as now: a full disk, a quota. */
    bool lost = ferror(stdout) || fflush(stdout) || (fclose(stdout) && errno != EBADF);
    return lost && !status ? fail("standard output", strerror(errno), EXIT_FAILURE) : status;
}
