/* SPDX-License-Identifier: Apache-2.0 */
/*
 * whole_session: a session that does a bit of everything, for tests of what
 * becomes of it when something fails.
 */
#ifndef FERRY_TESTS_WHOLE_SESSION_H
#define FERRY_TESTS_WHOLE_SESSION_H

#include <sys/xattr.h>

#include "tests/unit/player.h"

#define STORED "stored by the session"

/* Data connections, listings and transfers of each kind, every room's verbs, and an abort. */
static const char whole_session[] =
    "SYST\r\nFEAT\r\nUSER demo\r\nPASS wrong\r\nUSER demo\r\nPASS secret\r\nPWD\r\nHELP\r\n"
    "OPTS UTF8 ON\r\nCLNT player\r\nLANG es\r\nLANG en\r\nALLO 100\r\n"
    "CWD dir\r\nCDUP\r\nSMNT shared\r\nSMNT /\r\nMLST text\r\nSIZE text\r\nMDTM text\r\nSTAT\r\n"
    "STAT -l dir\r\nHASH text\r\nXCRC big\r\n"
    /* there */
    "EPSV\r\n!connect\nLIST -a\r\nPASV\r\n!connect\nMLSD dir\r\nEPSV\r\n!connect\nNLST *\r\n"
    "!active\nRETR text\r\nTYPE I\r\nREST 99000\r\nEPSV\r\n!connect\nRETR big\r\n"
    /* back */
    "EPSV\r\n!connect\nSTOR stored\r\n!line " STORED "\n!end\n"
    /* over it and there again, at once */
    "!\nEPSV\r\n!connect\nSTOR stored\r\n!line " STORED "\n!end\n"
    "!\nEPSV\r\n!connect\nRETR stored\r\n!\nSIZE stored\r\nMDTM stored\r\nCWD dir\r\nCWD /\r\n"
    "!\nEPSV\r\n!connect\nAPPE stored\r\n!line " STORED "\n!end\n"
    "!\nEPSV\r\n!connect\nSTOU\r\n!line " STORED "\n!end\n"
    "!\nEPSV\r\n!connect\nSTOR aborted\r\n!line " STORED "\n!\nABOR\r\n"
    "!\nEPSV\r\n!connect\nSTOR dir/file\r\n!line " STORED "\n!\n!reset\n"
    /* as records, blocks, pages and packed */
    "!\nTYPE A\r\nSTRU R\r\nEPSV\r\n!connect\nSTOR records\r\n!data a\xff\x01z\xff\x03\n!end\n"
    "!\nEPSV\r\n!connect\nRETR records\r\nSTRU F\r\n"
    "!\nTYPE I\r\nMODE B\r\nEPSV\r\n!connect\nRETR text\r\n!\nRETR dir/file\r\n"
    "!\nMODE Z\r\nEPSV\r\n!connect\nRETR big\r\n!\nMODE C\r\nEPSV\r\n!connect\nLIST\r\n!\nMODE "
    "S\r\n"
    "!\nSTRU P\r\nTYPE L 8\r\nEPSV\r\n!connect\nRETR text\r\n!\nSTRU F\r\nTYPE I\r\n"
    /* names */
    "MKD new\r\nRNFR stored\r\nRNTO new/moved\r\nSITE COPY text copy\r\nSITE CPFR text\r\n"
    "SITE CPTO new/other\r\nSITE SYMLINK text new/link\r\nSITE CHMOD 600 copy\r\n"
    "MFMT 20200101000000 copy\r\nDELE copy\r\nRMDA new\r\nRMD empty\r\nSITE IDLE 100\r\n"
    /* others */
    "REIN\r\nUSER ftp\r\nPASS a@b\r\nPWD\r\nEPSV\r\n!connect\nSTOR dir/dropped\r\n!line " STORED
    "\n!end\n"
    "!\nUSER charged\r\nPASS secret\r\nACCT project\r\nPWD\r\nREIN\r\nHOST other\r\nUSER ftp\r\n"
    "PASS a@b\r\nPWD\r\n"
    /* under TLS, and in the clear again */
    "AUTH TLS\r\n!\nUSER demo\r\nPASS secret\r\nPBSZ 0\r\nPROT P\r\nEPSV\r\n!connect\n"
    "STOR sealed\r\n!line " STORED "\n!end\n"
    "!\n!active\nRETR big\r\n!\nMODE B\r\nEPSV\r\n!connect\nRETR text\r\n!\nLIST\r\n"
    "CCC\r\n!\nPWD\r\nREIN\r\nAUTH TLS\r\n!\nREIN\r\n!\nNOOP\r\nQUIT\r\n";

static unsigned whole_session_codes[sizeof(player.codes) / sizeof(player.codes[0])];

/* Plays it from the same tree each time; then nothing else is different from before. */
static void whole_session_play(void)
{
    served_fill();
    unsigned descriptors = served_count_descriptors();
    if (player_begin())
        player_play(text_of(whole_session));
    player_end();
    served_check_beside();
    served_check_descriptors(descriptors);
}

/* As often each code as when nothing failed. */
static void whole_session_check_replies(void)
{
    PROMISE(!memcmp(player.codes, whole_session_codes, sizeof(whole_session_codes)));
}

/* ---- The tree ------------------------------------------------------------------------------- */

/* docs/adr/0005: what is not whole of a new file stays to be resumed, and is marked. */
static bool is_marked(const char *path)
{
    return getxattr(path, "user.ferry.partial", NULL, 0) >= 0;
}

static bool is_whole(const char *name, off_t size)
{
    static const struct {
        const char *name;
        off_t size;
    } sizes[] = {
        {"text", SERVED_TEXT_BYTES},
        {"copy", SERVED_TEXT_BYTES},
        {"other", SERVED_TEXT_BYTES},
        {"big", SERVED_BIG_BYTES},
        {"file", 5},
        {"file",
         6}, /* the records' bytes: where ABOR did not reach its transfer all come one late */
        {"records", 4},
    };
    bool is_named = false;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        if (strcmp(name, sizes[i].name) != 0)
            continue;
        if (size == sizes[i].size)
            return true;
        is_named = true;
    }
    return !is_named && size % (off_t)sizeof(STORED) == 0; /* with its line's end */
}

static int check_whole(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    bool is_file = kind == FTW_F && !strstr(path, "/.ferry/");
    if (is_file && !is_whole(path + at->base, info->st_size) && !is_marked(path))
        fail_msg("%s: %lld bytes", path, (long long)info->st_size);
    return 0;
}

/* What a session that met a failure left: files are whole or not there. */
static void whole_session_check_tree(void)
{
    enum { OPEN_AT_ONCE = 8 };
    PROMISE(nftw(served_path("root"), check_whole, OPEN_AT_ONCE, FTW_PHYS) == 0);
}

/* ---- The server ------------------------------------------------------------------------------ */

static int whole_session_set_up(void **unused)
{
    (void)unused;
    (void)snprintf(served.base, sizeof(served.base), "/tmp/ferry-session-XXXXXX");
    PROMISE(mkdtemp(served.base));
    wire_begin();
    served_start();
    whole_session_play();
    whole_session_check_tree();
    PROMISE(player.last == 221);
    memcpy(whole_session_codes, player.codes, sizeof(whole_session_codes));
    return 0;
}

static int whole_session_tear_down(void **unused)
{
    (void)unused;
    served_stop();
    wire_end();
    served_empty(".");
    return rmdir(served.base);
}

#endif
