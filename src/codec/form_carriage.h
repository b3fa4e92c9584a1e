/* SPDX-License-Identifier: Apache-2.0 */
/*
 * form_carriage: makes text with ASA carriage control (TYPE A C and E C, RFC 959
 * 3.1.1.5.3) one that a printer without it prints alike: for those who fetch
 * it with format N or T. The first character of a line is not printed but
 * moves the paper before the rest is: a space by one line, 0 by two, 1 to the
 * next page (form feed), + not at all (carriage return: printed over). Any other
 * one counts as a space. As asa(1) of POSIX does it: nothing is moved for a
 * space in the first line, and the last line ends with LF.
 */
#ifndef FERRY_CODEC_FORM_CARRIAGE_H
#define FERRY_CODEC_FORM_CARRIAGE_H

#include <stdbool.h>

#include "codec/stage.h"

struct form_carriage {
    struct stage stage;
    struct stage_buffer buffer;
    bool in_line;  /* its first character has come */
    bool has_text; /* something has come at all */
};

/* Takes a file's text (LF ends a line; records have no marks here), gives the same. */
void form_carriage_init(struct form_carriage *form, struct stage *next, struct stage_buffer buffer);

#endif
