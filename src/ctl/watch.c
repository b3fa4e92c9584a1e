/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ctl/reach.h"
#include "ctl/show.h"

enum { EVERY_S = 2 };

/* The answer of a request that went well. */
static json_t *ask(const struct call *call, int *ret_status)
{
    json_t *answer = reach_execute(call, call->request);
    *ret_status = reach_status(answer);
    if (!*ret_status)
        return answer;
    json_decref(answer);
    return NULL;
}

/* A reader that is gone (head, a closed terminal) ends it. */
static bool is_heard(void)
{
    return fflush(stdout) == 0 && !ferror(stdout);
}

int watch_sessions(struct call *call)
{
    int status;
    bool on_terminal = isatty(STDOUT_FILENO);
    json_object_set_new(call->request, "command", json_string("session list"));
    json_t *answer = ask(call, &status);
    while (answer && is_heard()) {
        if (call_has(call, "json")) {
            show_json(answer);
        } else {
            (void)fputs(on_terminal ? "\033[H\033[J" : "", stdout); /* a clean screen */
            show_answer(answer, NULL);
        }
        json_decref(answer);
        if (!is_heard())
            return EXIT_SUCCESS;
        (void)sleep(EVERY_S);
        answer = ask(call, &status);
    }
    json_decref(answer);
    return status;
}

/* ---- The audit file
 * -------------------------------------------------------------------------------- */

static const char *const shown[] = {"time",   "user", "peer",       "action",
                                    "result", "path", "other_path", "rule"};

/* The fields that say what happened, in one order; all of them are in the line itself (--json). */
static void show_event(const json_t *line)
{
    json_t *event = json_loads(json_string_value(line), 0, NULL);
    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
        const json_t *value = json_object_get(event, shown[i]);
        if (!value)
            continue;
        show_text(i ? TEXT("  ") : TEXT(""));
        show_text((struct text){json_string_value(value), json_string_length(value)});
    }
    (void)putchar('\n');
    json_decref(event);
}

static void show_lines(const struct call *call, const json_t *lines)
{
    for (size_t i = 0; i < json_array_size(lines); i++) {
        const json_t *line = json_array_get(lines, i);
        if (call_has(call, "json"))
            (void)printf("%s\n", json_string_value(line));
        else
            show_event(line);
    }
}

int watch_log(struct call *call)
{
    int status;
    json_t *answer = ask(call, &status);
    while (answer) {
        show_lines(call, json_object_get(answer, "lines"));
        bool goes_on = call_has(call, "follow") && is_heard();
        /* The next one begins where this one ended. */
        json_object_set(call->request, "from", json_object_get(answer, "from"));
        json_object_set(call->request, "file", json_object_get(answer, "file"));
        bool came = json_array_size(json_object_get(answer, "lines")) != 0;
        json_decref(answer);
        if (!goes_on)
            break;
        if (!came)
            (void)sleep(EVERY_S);
        answer = ask(call, &status);
    }
    return status;
}
