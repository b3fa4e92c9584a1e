/* SPDX-License-Identifier: Apache-2.0 */
/* protocol/command, parameters and listing's options: what comes out lies inside what went in. */
#include "protocol/command.h"
#include "protocol/listing.h"
#include "protocol/parameters.h"
#include "tests/fuzz/fuzz.h"

static void check_inside(struct text part, struct text whole)
{
    PROMISE(!part.len || (part.at >= whole.at && part.at + part.len <= whole.at + whole.len));
}

static void check_parameters(struct text argument)
{
    struct parameters p = PARAMETERS_DEFAULT;
    struct parameters before = p;
    char bytes[16];
    struct builder b = builder_on(bytes, sizeof(bytes));
    if (parameters_set_type(&p, argument) != PARAMETERS_OK)
        PROMISE(memcmp(&p, &before, sizeof(p)) == 0);
    (void)parameters_set_structure(&p, argument);
    (void)parameters_set_mode(&p, argument);
    parameters_put_type(&b, &p);
    PROMISE(!b.full && b.len > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text line = {(const char *)data, size};
    struct command command = command_parse(line);
    PROMISE(strlen(command.verb) <= COMMAND_VERB_MAX);
    for (const char *c = command.verb; *c; c++)
        PROMISE((*c >= 'A' && *c <= 'Z') || text_is_digit(*c));
    check_inside(command.argument, line);
    check_parameters(command.argument);

    struct listing_options options;
    struct text rest = listing_parse_options(command.argument, &options);
    check_inside(rest, line);
    PROMISE(rest.len <= command.argument.len &&
            text_equal(rest, text_after(command.argument, command.argument.len - rest.len)));

    char bytes[128];
    struct builder b = builder_on(bytes, sizeof(bytes));
    rest = command.argument;
    struct text argument;
    while (command_take_argument(&rest, &b, &argument))
        check_inside(rest, line);
    return 0;
}
