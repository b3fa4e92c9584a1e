/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ferryctl: administration. A command line becomes a request, the request an
 * answer, the answer a table for people or JSON for programs.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/command.h"
#include "ctl/execute.h"
#include "ctl/reach.h"

static int run(struct call *call, int argc, char **argv)
{
    char message[CALL_MESSAGE_SIZE];
    if (!call_read(call, argc, argv, message)) {
        (void)fprintf(stderr, "ferryctl: %s\n", message);
        return EXIT_USAGE;
    }
    if (call_has(call, "help"))
        command_show_help(call);
    else if (call_has(call, "version"))
        (void)printf("ferryctl %s\n", FERRY_VERSION);
    else
        return call->command->run ? call->command->run(call) : execute_call(call);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    struct call call = {0};
    int status = EXIT_SUCCESS;
    /* For the shells' completion (conf/completion). */
    if (argc > 1 && strcmp(argv[1], "--complete") == 0)
        command_show_next(argc - 1, argv + 1);
    else
        status = run(&call, argc, argv);
    call_done(&call);
    /* What is written may be lost as late as now: a full disk, a quota. */
    bool lost = ferror(stdout) || fflush(stdout) || (fclose(stdout) && errno != EBADF);
    return lost && !status ? reach_fail("standard output", strerror(errno), EXIT_FAILURE) : status;
}
