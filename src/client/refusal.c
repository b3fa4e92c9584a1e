/* SPDX-License-Identifier: Apache-2.0 */
#include "client/refusal.h"

/*
 * strerror(3)'s words, as ProFTPD, Pure-FTPd and pyftpdlib pass them on, those of Windows (IIS,
 * FileZilla Server, Serv-U), and servers' own. The first that is there decides.
 */
static const struct {
    struct text phrase;
    enum fault fault;
} meanings[] = {
    {TEXT("no such"), FAULT_NOT_FOUND},
    {TEXT("not found"), FAULT_NOT_FOUND},
    {TEXT("not find"), FAULT_NOT_FOUND}, /* "The system cannot find the file specified." */
    {TEXT("n't find"), FAULT_NOT_FOUND},
    {TEXT("not exist"), FAULT_NOT_FOUND},
    {TEXT("n't exist"), FAULT_NOT_FOUND},
    {TEXT("not a directory"), FAULT_NOT_DIRECTORY},
    {TEXT("is a directory"), FAULT_IS_DIRECTORY},
    {TEXT("not a regular file"), FAULT_NOT_PLAIN_FILE},
    {TEXT("not a plain file"), FAULT_NOT_PLAIN_FILE},
    {TEXT("not empty"), FAULT_NOT_EMPTY},
    {TEXT("exists"), FAULT_EXISTS},
    {TEXT("denied"), FAULT_DENIED},
    {TEXT("permission"), FAULT_DENIED},
    {TEXT("not permitted"), FAULT_DENIED},
    {TEXT("not allowed"), FAULT_DENIED},
    {TEXT("not authorized"), FAULT_DENIED},
    {TEXT("forbidden"), FAULT_DENIED},
    {TEXT("prohibited"), FAULT_DENIED},
    {TEXT("read-only"), FAULT_DENIED},
};

static bool contains(struct text whole, struct text phrase)
{
    for (size_t at = 0; at + phrase.len <= whole.len; at++)
        if (text_equal_any_case((struct text){whole.at + at, phrase.len}, phrase))
            return true;
    return false;
}

static bool changes_something(struct text verb)
{
    static const struct text verbs[] = {
        TEXT("STOR"), TEXT("STOU"), TEXT("APPE"), TEXT("DELE"), TEXT("MKD"),  TEXT("XMKD"),
        TEXT("RMD"),  TEXT("XRMD"), TEXT("RMDA"), TEXT("RNTO"), TEXT("SITE"), TEXT("MFMT"),
    };
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
        if (text_equal_any_case(verb, verbs[i]))
            return true;
    return false;
}

enum fault refusal_fault(struct text verb, struct text words)
{
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
        if (contains(words, meanings[i].phrase))
            return meanings[i].fault;
    return changes_something(verb) ? FAULT_DENIED : FAULT_NOT_FOUND;
}
