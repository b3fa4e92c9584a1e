/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/secret.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* All of one line. */
static bool read_line(char secret[SECRET_SIZE])
{
    if (!fgets(secret, SECRET_SIZE, stdin) || !(strchr(secret, '\n') || feof(stdin)))
        return false;
    secret[strcspn(secret, "\n")] = '\0';
    return secret[0] != '\0';
}

static bool ask(const char *prompt, const struct termios *before, char secret[SECRET_SIZE])
{
    struct termios silent = *before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent); /* before the first letter can come */
    (void)fputs(prompt, stderr);
    bool read = read_line(secret);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, before);
    (void)fputc('\n', stderr);
    return read;
}

static bool ask_again(const struct termios *before, const char secret[SECRET_SIZE])
{
    char again[SECRET_SIZE] = "";
    bool same = ask("Once more: ", before, again) && strcmp(secret, again) == 0;
    explicit_bzero(again, sizeof(again));
    return same;
}

bool secret_read(bool twice, char secret[SECRET_SIZE], const char **ret_why)
{
    struct termios before;
    bool terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &before) == 0;
    if (terminal ? !ask("Password: ", &before, secret) : !read_line(secret)) {
        *ret_why = "standard input has no password, or too long a one";
        return false;
    }
    if (!terminal || !twice || ask_again(&before, secret))
        return true;
    explicit_bzero(secret, SECRET_SIZE);
    *ret_why = "the two are not the same";
    return false;
}
