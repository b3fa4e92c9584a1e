/* SPDX-License-Identifier: Apache-2.0 */
/*
 * features: what a server says of itself in its reply to FEAT (RFC 2389 3), as
 * a value: which extensions a client may use, and their parameters. Pure.
 *
 * Lines are read as servers write them: without the space in front, with
 * "211-" or with both, in any case, parameters behind a semicolon or a blank.
 * Whatever is no feature known here is left out. A feature that is not there
 * may work all the same, one that is there may not: it is a hint.
 */
#ifndef FERRY_PROTOCOL_FEATURES_H
#define FERRY_PROTOCOL_FEATURES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

/* enumerator, first word, the parameter it needs: "" none */
#define FEATURE_LIST(X)                                                                            \
    X(MDTM, "MDTM", "")              /* RFC 3659 3.3 */                                            \
    X(SIZE, "SIZE", "")              /* RFC 3659 4.3 */                                            \
    X(REST_STREAM, "REST", "STREAM") /* RFC 3659 5.4 */                                            \
    X(MLST, "MLST", "")              /* RFC 3659 7.8 */                                            \
    X(TVFS, "TVFS", "")              /* RFC 3659 6.3 */                                            \
    X(UTF8, "UTF8", "")              /* RFC 2640 3.2 */                                            \
    X(LANG, "LANG", "")              /* RFC 2640 4 */                                              \
    X(EPSV, "EPSV", "")              /* RFC 2428 3 */                                              \
    X(EPRT, "EPRT", "")              /* RFC 2428 2 */                                              \
    X(AUTH_TLS, "AUTH", "TLS")       /* RFC 4217 6 */                                              \
    X(AUTH_SSL, "AUTH", "SSL")       /* its drafts */                                              \
    X(PBSZ, "PBSZ", "")              /* RFC 4217 6 */                                              \
    X(PROT, "PROT", "P")             /* RFC 4217 6: data connections may be protected */           \
    X(CCC, "CCC", "")                /* RFC 2228 3 */                                              \
    X(HOST, "HOST", "")              /* RFC 7151 3 */                                              \
    X(MFMT, "MFMT", "")              /* draft-somers-ftp-mfxx 3 */                                 \
    X(MFCT, "MFCT", "")              /* draft-somers-ftp-mfxx 4 */                                 \
    X(MFF, "MFF", "")                /* draft-somers-ftp-mfxx 5 */                                 \
    X(HASH, "HASH", "")              /* draft-bryan-ftpext-hash 3 */                               \
    X(RANG, "RANG", "STREAM")        /* draft-bryan-ftp-range 3 */                                 \
    X(MD5, "MD5", "")                /* draft-twine-ftpmd5 */                                      \
    X(XCRC, "XCRC", "")              /* customary, as all beginning with X */                      \
    X(XMD5, "XMD5", "")                                                                            \
    X(XSHA, "XSHA", "") /* SHA-1, as XSHA1 */                                                      \
    X(XSHA1, "XSHA1", "")                                                                          \
    X(XSHA256, "XSHA256", "")                                                                      \
    X(XSHA512, "XSHA512", "")                                                                      \
    X(MODE_Z, "MODE", "Z") /* draft-preston-ftpext-deflate 3 */                                    \
    X(CLNT, "CLNT", "")    /* customary: FileZilla sends it before OPTS UTF8 */                    \
    X(CSID, "CSID", "")    /* draft-peterson-streamlined-ftp-command-extensions 3 */               \
    X(AVBL, "AVBL", "")    /* draft-peterson-streamlined-ftp-command-extensions 4 */               \
    X(COMB, "COMB", "")    /* draft-peterson-streamlined-ftp-command-extensions 5 */               \
    X(DSIZ, "DSIZ", "")    /* draft-peterson-streamlined-ftp-command-extensions */                 \
    X(RMDA, "RMDA", "")    /* a directory and all that is in it */                                 \
    X(PRET, "PRET", "")    /* DrFTPD: wanted before PASV */                                        \
    X(CPSV, "CPSV", "")    /* from server to server under TLS */                                   \
    X(SSCN, "SSCN", "")    /* likewise */                                                          \
    X(SITE_CHMOD, "SITE", "CHMOD")                                                                 \
    X(SITE_COPY, "SITE", "COPY")                                                                   \
    X(SITE_SYMLINK, "SITE", "SYMLINK")                                                             \
    X(SITE_UTIME, "SITE", "UTIME")

enum feature {
#define FEATURE_ENUMERATOR(name, word, parameter) FEATURE_##name,
    FEATURE_LIST(FEATURE_ENUMERATOR)
#undef FEATURE_ENUMERATOR
        FEATURE_COUNT
};

/* Room for the names that a server lists; those that no longer fit are left out, whole. */
enum { FEATURES_HASHES_SIZE = 128, FEATURES_LANGUAGES_SIZE = 256 };

/* Zero it, then give it each line. */
struct features {
    uint64_t mask;           /* 1 << enum feature: see features_has */
    unsigned facts;          /* mask of enum fact: what MLST has */
    unsigned facts_selected; /* of these, those that it shows as long as nobody says otherwise */
    unsigned facts_settable; /* those that MFF changes */
    /* Lists for features_take_item, in the server's order and spelling. */
    size_t hashes_len;
    size_t languages_len;
    char hashes[FEATURES_HASHES_SIZE];       /* "SHA-256*;MD5;": draft-bryan-ftpext-hash 3 */
    char languages[FEATURES_LANGUAGES_SIZE]; /* "EN*;ES;": RFC 2640 4 */
};

/*
 * One line of the reply, without its end; the first and the last may be given,
 * too. A line that comes twice adds to what is there, but for the lists and
 * masks of MLST, MFF, HASH and LANG, where the last one counts.
 */
void features_take_line(struct features *features, struct text line);

static inline bool features_has(const struct features *features, enum feature feature)
{
    return features->mask >> feature & 1;
}

/* Algorithms as HASH names them ("SHA-256"); empty when it has none. Borrowed from `features`. */
struct text features_hashes(const struct features *features);
/* Tags of languages that LANG takes. Borrowed from `features`. */
struct text features_languages(const struct features *features);
/*
 * Takes the next name off such a list; false at its end. *ret_selected: it is
 * the one in use, which a "*" behind it says.
 */
bool features_take_item(struct text *list, struct text *ret_name, bool *ret_selected);

#endif
