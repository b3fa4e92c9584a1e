/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole server: whatever a client sends (tests/unit/player.h says how an
 * input is a script), replies are well-formed and one for each command, nothing
 * outside the root is seen or touched, and nothing is left of the session.
 *
 * It lives in namespaces of its own: the tree is in memory and gone with the
 * process, and no PORT reaches anybody.
 */
#include <net/if.h>
#include <sched.h>
#include <sys/mount.h>

#include "tests/fuzz/fuzz.h"
#include "tests/unit/player.h"

/* So that PORT 127,0,0,1,19,137 reaches the client. */
enum { ACTIVE_PORT = 5001 };

int LLVMFuzzerInitialize(int *argc, char ***argv);

/* Loopback is there in a new network namespace, but down. */
static void bring_up_loopback(void)
{
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    PROMISE(fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &request) == 0);
    close(fd);
}

static void enter_namespaces(void)
{
    int own = CLONE_NEWNS | CLONE_NEWNET | (geteuid() ? CLONE_NEWUSER : 0);
    (void)snprintf(served.base, sizeof(served.base), "/tmp/ferry-fuzz-XXXXXX");
    PROMISE(mkdtemp(served.base) && unshare(own) == 0);
    bring_up_loopback();
    PROMISE(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
    PROMISE(mount("none", served.base, "tmpfs", 0, "size=64m") == 0);
}

static void leave(void)
{
    served_stop();
    wire_end();
    (void)umount2(served.base, MNT_DETACH);
    (void)rmdir(served.base);
}

/* One loop, and its sessions one after another: the same input takes the same way. */
static void keep_to_one_core(void)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET((size_t)sched_getcpu(), &one);
    PROMISE(sched_setaffinity(0, sizeof(one), &one) == 0);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    enter_namespaces();
    keep_to_one_core();
    wire_begin();
    player_active_port = ACTIVE_PORT;
    served_start();
    (void)atexit(leave);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (memmem(data, size, SERVED_SECRET, strlen(SERVED_SECRET)))
        return 0; /* the fuzzer saw what we look for; who knows the secret may say it */
    served_fill();
    unsigned descriptors = served_count_descriptors();
    PROMISE(player_begin());
    player_play((struct text){(const char *)data, size});
    player_end();
    served_check_beside();
    served_check_descriptors(descriptors);
    return 0;
}
