/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verbs: what the server understands, as data. Dispatch, the generic checks,
 * HELP, FEAT, docs/conformance.md and the fuzz dictionary all read these two
 * tables; verbs.c holds nothing else.
 */
#ifndef FERRY_SERVER_VERBS_H
#define FERRY_SERVER_VERBS_H

#include "base/action.h"
#include "base/fault.h"
#include "base/text.h"
#include "server/replies.h"

struct job;
struct session;

enum verb_flags {
    NEEDS_LOGIN = 1 << 0,   /* 530 before it */
    NEEDS_ARG = 1 << 1,     /* 501 without one */
    REFUSES_ARG = 1 << 2,   /* 501 with one */
    TAKES_PATH = 1 << 3,    /* the argument is a pathname: its spaces count; job->path is it */
    OPENS_DATA = 1 << 4,    /* moves data: uses up REST, RANG and ALLO */
    SETS_PORT = 1 << 5,     /* refused after EPSV ALL (RFC 2428 4) */
    WHILE_BUSY = 1 << 6,    /* answered at once during a transfer */
    CANCELS = 1 << 7,       /* stops the transfer it waits for */
    HASHES = 1 << 8,        /* costs a password hash: has workers of its own */
    IN_CLEAR = 1 << 9,      /* allowed before TLS where TLS has to come first */
    KEEPS_SPACES = 1 << 10, /* there is a pathname or a secret in the argument */
    LONG = 1 << 11,         /* reads whole files or trees: has workers of its own */
    LONG_IN_TEXT = 1 << 12, /* likewise when TYPE A has to be counted out */
    LONG_IF_WIDE = 1 << 13, /* likewise when it goes through more than one directory */
    SILENT = 1 << 14,       /* `done` alone tells the client, if anybody */
    NEEDS_TLS = 1 << 15,    /* in FEAT only where there is a certificate */
    AT_ONCE = 1 << 16,      /* `work` is done on the loop when nothing has to be waited for */
};

struct verb {
    const char *name; /* borrowed: static text, as all below */
    unsigned flags;
    enum action action;
    enum reply_column column; /* which codes its faults get */
    /* On the loop, at once; it may begin the work itself (job_start). */
    void (*now)(struct session *session, struct text argument);
    /* On a worker; begun by the interpreter when there is no `now`. */
    enum fault (*work)(struct job *job);
    /* On a worker after that, with the data connection. */
    enum fault (*move)(struct job *job);
    /* On the loop when it has ended, before the reply; job->fault says how. */
    void (*done)(struct session *session, struct job *job);
    const char *argument; /* its syntax, "" for none */
    const char *help;     /* one sentence, translated when shown */
    const char *feature;  /* its line in FEAT; NULL: none */
    const char *source;   /* the document that defines it */
};

extern const struct verb verbs[];
extern const size_t verb_count;
extern const struct verb site_verbs[];
extern const size_t site_verb_count;

/* By upper-case name; NULL when there is none. Both tables are sorted. */
const struct verb *verb_find(struct text name);
const struct verb *site_verb_find(struct text name);

/* On a loop */
void verb_acct(struct session *session, struct text argument);
void verb_abor(struct session *session, struct text argument);
void verb_adat(struct session *session, struct text argument);
void verb_allo(struct session *session, struct text argument);
void verb_auth(struct session *session, struct text argument);
void verb_ccc(struct session *session, struct text argument);
void verb_clnt(struct session *session, struct text argument);
void verb_csid(struct session *session, struct text argument);
void verb_eprt(struct session *session, struct text argument);
void verb_epsv(struct session *session, struct text argument);
void verb_feat(struct session *session, struct text argument);
void verb_help(struct session *session, struct text argument);
void verb_host(struct session *session, struct text argument);
void verb_lang(struct session *session, struct text argument);
void verb_lprt(struct session *session, struct text argument);
void verb_lpsv(struct session *session, struct text argument);
void verb_mode(struct session *session, struct text argument);
void verb_noop(struct session *session, struct text argument);
void verb_opts(struct session *session, struct text argument);
void verb_pass(struct session *session, struct text argument);
void verb_pasv(struct session *session, struct text argument);
void verb_pbsz(struct session *session, struct text argument);
void verb_port(struct session *session, struct text argument);
void verb_prot(struct session *session, struct text argument);
void verb_protected(struct session *session, struct text argument);
void verb_pwd(struct session *session, struct text argument);
void verb_quit(struct session *session, struct text argument);
void verb_rang(struct session *session, struct text argument);
void verb_rein(struct session *session, struct text argument);
void verb_rest(struct session *session, struct text argument);
void verb_rnto(struct session *session, struct text argument);
void verb_site(struct session *session, struct text argument);
void verb_site_cpto(struct session *session, struct text argument);
void verb_site_help(struct session *session, struct text argument);
void verb_site_idle(struct session *session, struct text argument);
void verb_site_quota(struct session *session, struct text argument);
void verb_site_umask(struct session *session, struct text argument);
void verb_smnt(struct session *session, struct text argument);
void verb_stat(struct session *session, struct text argument);
void verb_stru(struct session *session, struct text argument);
void verb_syst(struct session *session, struct text argument);
void verb_type(struct session *session, struct text argument);
void verb_user(struct session *session, struct text argument);

/* On a worker */
enum fault work_acct(struct job *job);
enum fault work_allo(struct job *job);
enum fault work_appe(struct job *job);
enum fault work_avbl(struct job *job);
enum fault work_cdup(struct job *job);
enum fault work_comb(struct job *job);
enum fault work_cwd(struct job *job);
enum fault work_dele(struct job *job);
enum fault work_hash(struct job *job);
enum fault work_list(struct job *job);
enum fault work_mdtm(struct job *job);
enum fault work_mfct(struct job *job);
enum fault work_mff(struct job *job);
enum fault work_mfmt(struct job *job);
enum fault work_mkd(struct job *job);
enum fault work_mlsd(struct job *job);
enum fault work_mlst(struct job *job);
enum fault work_nlst(struct job *job);
enum fault work_pass(struct job *job);
enum fault work_retr(struct job *job);
enum fault work_rmd(struct job *job);
enum fault work_rmda(struct job *job);
enum fault work_rnfr(struct job *job);
enum fault work_rnto(struct job *job);
enum fault work_site_chmod(struct job *job);
enum fault work_site_copy(struct job *job);
enum fault work_site_cpfr(struct job *job);
enum fault work_site_cpto(struct job *job);
enum fault work_site_pswd(struct job *job);
enum fault work_site_symlink(struct job *job);
enum fault work_site_utime(struct job *job);
enum fault work_size(struct job *job);
enum fault work_stat(struct job *job);
enum fault work_stor(struct job *job);
enum fault work_stou(struct job *job);
enum fault work_xdigest(struct job *job);

/* On a worker, with the data connection */
enum fault move_list(struct job *job);
enum fault move_retr(struct job *job);
enum fault move_stor(struct job *job);

/*
 * On the loop: the whole transfer of a small file, and its fault. FAULT_BUSY: to be asked again
 * when something comes from the peer, or when that is late; FAULT_UNSUPPORTED: what is left of it
 * is for move_retr.
 */
enum fault move_retr_at_once(struct job *job, bool is_late);

/* On the loop again */
void done_acct(struct session *session, struct job *job);
void done_allo(struct session *session, struct job *job);
void done_cpfr(struct session *session, struct job *job);
void done_cwd(struct session *session, struct job *job);
void done_pass(struct session *session, struct job *job);
void done_rnfr(struct session *session, struct job *job);
void done_site_pswd(struct session *session, struct job *job);

/*
 * What is laid down about who is inside has changed: before the next command
 * the session gets to know it. On the loop; begins a job.
 */
void access_renew(struct session *session);

#endif
