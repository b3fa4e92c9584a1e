/* SPDX-License-Identifier: Apache-2.0 */
/* What servers say behind 550, word for word. */
#include "client/refusal.h"

#include "tests/unit/unit.h"

TEST(the_words_tell_what_is_refused_and_why)
{
    static const struct {
        const char *verb;
        const char *words;
        enum fault fault;
    } cases[] = {
        {"RETR", "none: No such file or directory", FAULT_NOT_FOUND}, /* ProFTPD */
        {"DELE", "Could not delete none: No such file or directory", FAULT_NOT_FOUND},
        {"RETR", "Can't open none: No such file or directory", FAULT_NOT_FOUND},  /* Pure-FTPd */
        {"DELE", "The system cannot find the file specified. ", FAULT_NOT_FOUND}, /* IIS */
        {"RNFR", "Couldn't find the file", FAULT_NOT_FOUND},
        {"RETR", "File not found", FAULT_NOT_FOUND},
        {"RMD", "Directory does not exist", FAULT_NOT_FOUND},
        {"STOR", "That path doesn't exist.", FAULT_NOT_FOUND},
        {"RETR", "f: Permission denied", FAULT_DENIED},
        {"CWD", "Access is denied. ", FAULT_DENIED},
        {"STOR", "Not enough privileges: operation not permitted.", FAULT_DENIED},
        {"RETR", "PERMISSION DENIED", FAULT_DENIED},
        {"SIZE", "SIZE not allowed in ASCII mode", FAULT_DENIED},
        {"MKD", "new: File exists", FAULT_EXISTS},
        {"MKD", "Cannot create a file when that file already exists. ", FAULT_EXISTS},
        {"RMD", "full: Directory not empty", FAULT_NOT_EMPTY},
        {"CWD", "f: Not a directory", FAULT_NOT_DIRECTORY},
        {"RETR", "d: Is a directory", FAULT_IS_DIRECTORY},
        {"RETR", "d: Not a regular file", FAULT_NOT_PLAIN_FILE},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        enum fault f = refusal_fault(text_of(cases[i].verb), text_of(cases[i].words));
        if (f != cases[i].fault)
            fail_msg("%s: %s is %s", cases[i].verb, cases[i].words, fault_name(f));
    }
}

TEST(without_them_what_was_asked_tells)
{
    static const char *const reads[] = {"RETR", "CWD", "SIZE", "MDTM", "LIST", "RNFR", ""};
    static const char *const changes[] = {"STOR", "MKD", "DELE", "RMD", "RNTO", "SITE", "dele"};
    for (size_t i = 0; i < COUNT(reads); i++)
        assert_int_equal(refusal_fault(text_of(reads[i]), TEXT("Failed to open file.")),
                         FAULT_NOT_FOUND);
    for (size_t i = 0; i < COUNT(changes); i++)
        assert_int_equal(refusal_fault(text_of(changes[i]), TEXT("Operation failed.")),
                         FAULT_DENIED);
    assert_int_equal(refusal_fault(TEXT("RETR"), TEXT("")), FAULT_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(the_words_tell_what_is_refused_and_why),
        RUN(without_them_what_was_asked_tells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
