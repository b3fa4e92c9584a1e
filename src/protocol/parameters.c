/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/parameters.h"

/* One letter, upper case; 0 when the word is not one letter. */
static char letter_of(struct text word)
{
    char letter = word.len == 1 ? text_upper(word.at[0]) : '\0';
    return letter >= 'A' && letter <= 'Z' ? letter : '\0';
}

/* Is the letter one of `values`? */
static bool is_one_of(char letter, const char *values)
{
    return letter && strchr(values, letter) != NULL;
}

/* RFC 959 3.1.1.4: the second argument is the size of the logical byte, and must be there. */
static enum parameters_result set_local_type(struct parameters *parameters, struct text size)
{
    uint64_t bits;
    if (!text_to_number(size, UINT8_MAX, &bits) || bits == 0)
        return PARAMETERS_MALFORMED;
    parameters->type = TYPE_LOCAL;
    parameters->byte_size = (uint8_t)bits;
    return PARAMETERS_OK;
}

/* RFC 959 4.1.2: without a second argument the format is non-print again. */
static enum parameters_result set_text_type(struct parameters *parameters, char type,
                                            struct text second)
{
    char form = second.len ? letter_of(second) : FORM_NON_PRINT;
    if (!form)
        return PARAMETERS_MALFORMED;
    if (!is_one_of(form, "NTC"))
        return PARAMETERS_UNSUPPORTED;
    parameters->type = type;
    parameters->form = form;
    return PARAMETERS_OK;
}

enum parameters_result parameters_set_type(struct parameters *parameters, struct text argument)
{
    struct text rest = argument;
    char type = letter_of(text_take_word(&rest));
    struct text second = text_take_word(&rest);
    if (!type || rest.len)
        return PARAMETERS_MALFORMED;
    switch (type) {
    case TYPE_ASCII:
    case TYPE_EBCDIC:
        return set_text_type(parameters, type, second);
    case TYPE_IMAGE:
        if (second.len)
            return PARAMETERS_MALFORMED;
        parameters->type = TYPE_IMAGE;
        return PARAMETERS_OK;
    case TYPE_LOCAL:
        return set_local_type(parameters, second);
    default:
        return PARAMETERS_UNSUPPORTED;
    }
}

static enum parameters_result set_letter(char *place, const char *values, struct text argument)
{
    char letter = letter_of(text_trim(argument));
    if (!letter)
        return PARAMETERS_MALFORMED;
    if (!is_one_of(letter, values))
        return PARAMETERS_UNSUPPORTED;
    *place = letter;
    return PARAMETERS_OK;
}

enum parameters_result parameters_set_structure(struct parameters *parameters, struct text argument)
{
    return set_letter(&parameters->structure, "FRP", argument);
}

enum parameters_result parameters_set_mode(struct parameters *parameters, struct text argument)
{
    return set_letter(&parameters->mode, "SBCZ", argument);
}

void parameters_put_type(struct builder *b, const struct parameters *parameters)
{
    builder_put_byte(b, parameters->type);
    if (parameters->type == TYPE_LOCAL) {
        builder_put_byte(b, ' ');
        builder_put_number(b, parameters->byte_size);
    } else if (parameters->type != TYPE_IMAGE) {
        builder_put_byte(b, ' ');
        builder_put_byte(b, parameters->form);
    }
}
