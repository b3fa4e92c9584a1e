/* SPDX-License-Identifier: Apache-2.0 */
/*
 * option: the options of all commands: the terms (base/terms.h) and a table of
 * the others. A word means the same wherever it stands.
 */
#ifndef FERRY_CTL_OPTION_H
#define FERRY_CTL_OPTION_H

#include "ctl/command.h"

/*
 * Takes the option at argv[*index], with its value, into the call; leaves *index
 * at the last word that was taken.
 */
bool option_read(struct call *call, int argc, char **argv, int *index,
                 char message[CALL_MESSAGE_SIZE]);
/* May it stand with this command? */
bool option_is_of(const struct command *command, const char *word);
/* Each that is this command's own; with NULL those of every command. */
void option_each_of(const struct command *command,
                    void (*on_option)(void *context, const struct option *option), void *context);

#endif
