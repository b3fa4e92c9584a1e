/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/execute.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "ctl/option.h"
#include "ctl/reach.h"
#include "ctl/secret.h"
#include "ctl/show.h"

/* Of a file to import: so that a wrong name does not fill the memory. */
enum { FILE_MAX = 16 * 1024 * 1024 };

/* Asked for where one is needed: --password-stdin, or a person who gave no hash. */
static bool add_password(struct call *call)
{
    char password[SECRET_SIZE];
    const char *why;
    bool asks = call_has(call, "password-stdin") ||
                (option_is_of(call->command, "password-hash") &&
                 !json_object_get(call->request, "password-hash") && isatty(STDIN_FILENO));
    if (!asks)
        return true;
    if (!secret_read(true, password, &why))
        return reach_fail("password", why, 0);
    int failed = json_object_set_new(call->request, "password", json_string(password));
    explicit_bzero(password, sizeof(password));
    return !failed || reach_fail("password", "is no UTF-8", 0);
}

int execute_call(struct call *call)
{
    if (!add_password(call))
        return EXIT_USAGE;
    json_t *answer = reach_execute(call, call->request);
    int status = reach_status(answer);
    if (answer && call_has(call, "json"))
        show_json(answer);
    else if (answer && !status)
        show_answer(answer, call->command->columns);
    json_decref(answer);
    return status;
}

/* ---- Files
 * --------------------------------------------------------------------------------------- */

/* Whole, or NULL with a reason (static). */
static char *read_whole(FILE *file, size_t *ret_len, const char **ret_why)
{
    char *bytes = memory_new(FILE_MAX + 1);
    *ret_why = "out of memory";
    if (!bytes)
        return NULL;
    size_t len = fread(bytes, 1, FILE_MAX + 1, file);
    *ret_len = len;
    if (!ferror(file) && len <= FILE_MAX)
        return bytes;
    *ret_why = ferror(file) ? "cannot be read" : "is larger than 16 MiB";
    memory_free_secret(bytes, len);
    return NULL;
}

/* The text of a file as a field. */
static bool add_file(struct call *call, const char *field, const char *name)
{
    const char *why;
    size_t len;
    bool is_input = text_equal(text_of(name), TEXT("-"));
    FILE *file = is_input ? stdin : fopen(name, "re");
    if (!file)
        return reach_fail(name, strerror(errno), 0);
    char *bytes = read_whole(file, &len, &why);
    if (!is_input)
        (void)fclose(file);
    if (!bytes)
        return reach_fail(name, why, 0);
    int failed = json_object_set_new(call->request, field, json_stringn(bytes, len));
    memory_free_secret(bytes, len); /* there are hashes in it */
    return !failed || reach_fail(name, "is no text in UTF-8", 0);
}

int execute_import(struct call *call)
{
    const char *passwd = call_option(call, "passwd");
    const char *name = json_string_value(json_object_get(call->request, "file"));
    if (!add_file(call, "text", name) || (passwd && !add_file(call, "passwd", passwd)))
        return EXIT_USAGE;
    json_object_del(call->request, "file");
    return execute_call(call);
}
